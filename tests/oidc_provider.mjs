// A real provider of OpenID Connect for tests: oidc-provider, with accounts in memory.
//
// Started as `node oidc_provider.mjs <folder of oidc-provider> <port> <redirect URI> <sign-out URI>`.
// It prints one line when it listens. `POST /test-control` with JSON changes what it does next:
//   account   claims of the only account, whose subject is the login
//   alg       the algorithm that signs ID tokens, with new keys; `kid` names them
//   ttl       seconds that an ID token is valid
//   fault     {path, kind}: what an address does instead of answering: "drop", "hang", "drip",
//             "huge", "packed", "html", "redirect", "no_id_token", "other_person",
//             "unauthorized"; null ends it
//   seen      nothing; the answer lists the requests since the last time
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { pathToFileURL } from "node:url";

const [folder, port, redirectUri, signedOutUri] = process.argv.slice(2);
const { default: Provider } = await import(
  pathToFileURL(`${folder}/node_modules/oidc-provider/lib/index.js`).href
);
const issuer = `http://127.0.0.1:${port}`;

const state = { account: {}, alg: "RS256", kid: "first", ttl: 3600, fault: null };
let seen = [];
let handler;

function newKey(alg, kid) {
  const kinds = {
    RS256: ["rsa", { modulusLength: 2048 }],
    PS256: ["rsa", { modulusLength: 2048 }],
    ES256: ["ec", { namedCurve: "P-256" }],
    EdDSA: ["ed25519", {}],
  };
  const { privateKey } = generateKeyPairSync(...kinds[alg]);
  return { ...privateKey.export({ format: "jwk" }), kid, alg, use: "sig" };
}

function build() {
  const provider = new Provider(issuer, {
    clients: [{
      client_id: "portal",
      client_secret: "a-secret-that-only-tests-use",
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [signedOutUri],
      id_token_signed_response_alg: state.alg,
    }],
    jwks: { keys: [newKey(state.alg, state.kid)] },
    cookies: { keys: ["a-key-of-tests"] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "EdDSA"] },
    ttl: {
      IdToken: state.ttl, AccessToken: 3600, AuthorizationCode: 60, Grant: 3600, Interaction: 3600,
      Session: 3600,
    },
    async findAccount(_ctx, id) {
      return { accountId: id, claims: async () => ({ ...state.account, sub: id }) };
    },
  });
  handler = provider.callback();
}

function fail(kind, response) {
  response.setHeader("Content-Type", kind === "html" ? "text/html" : "application/json");
  if (kind === "drop") return response.destroy();
  if (kind === "html") return response.end("<h1>Sign in to the network</h1>");
  if (kind === "redirect") return response.writeHead(302, { Location: `${issuer}/jwks` }).end();
  if (kind === "packed") return response.writeHead(200, { "Content-Encoding": "gzip" }).end("x");
  if (kind === "other_person") return response.end(JSON.stringify({ ...state.account, sub: "other" }));
  if (kind === "unauthorized") return response.writeHead(401).end('{"error": "invalid_token"}');
  if (kind === "no_id_token") return response.end('{"access_token": "a", "token_type": "Bearer"}');
  if (kind === "huge") {
    response.write("{");
    for (let part = 0; part < 64; part += 1) response.write(" ".repeat(65536));
    return response.end("}");
  }
  if (kind === "drip") {
    response.write("{");
    const timer = setInterval(() => response.write(" "), 100);
    response.on("close", () => clearInterval(timer));
  }
  return undefined; // it hangs
}

build();
createServer((request, response) => {
  const path = request.url.split("?")[0];
  if (path === "/test-control") {
    let body = "";
    request.on("data", (part) => { body += part; });
    request.on("end", () => {
      const change = JSON.parse(body);
      Object.assign(state, change);
      if ("alg" in change || "kid" in change || "ttl" in change) build();
      response.end(JSON.stringify(seen));
      seen = [];
    });
    return;
  }
  seen.push(`${request.method} ${path}`);
  if (state.fault && state.fault.path === path) fail(state.fault.kind, response);
  else handler(request, response);
}).listen(Number(port), "127.0.0.1", () => console.log("listens"));
