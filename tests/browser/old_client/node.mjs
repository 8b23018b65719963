// Runs the old client on Node. Reads one instruction as JSON, answers with what people see and with
// the method of each request. Node itself asks for no permission of other origins, so this does, by
// the rules of a browser.
import { readFileSync } from "node:fs";

import { OldClient } from "./client.mjs";

const { base, origin, shell, typed } = JSON.parse(readFileSync(0, "utf8"));
const sent = [];

async function send(url, options) {
  const response = await fetch(url, options);
  sent.push(options.method);
  return response;
}

function list(response, name) {
  const words = (response.headers.get(name) ?? "").split(",");
  return words.map((word) => word.trim().toLowerCase());
}

function mustAllow(response) {
  // As fetch() in a browser fails: the page learns nothing else.
  if (response.headers.get("Access-Control-Allow-Origin") !== origin) {
    throw new TypeError("Failed to fetch");
  }
}

async function fetchAsBrowser(url, { method = "GET", headers, body }) {
  const permission = await send(url, {
    method: "OPTIONS",
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": "content-type",
    },
  });
  mustAllow(permission);
  const needsNoPermission = ["GET", "HEAD", "POST"].includes(method);
  const methods = list(permission, "Access-Control-Allow-Methods");
  if (
    !permission.ok ||
    !list(permission, "Access-Control-Allow-Headers").includes("content-type") ||
    !(needsNoPermission || methods.includes(method.toLowerCase()))
  ) {
    throw new TypeError("Failed to fetch");
  }
  const response = await send(url, { method, body, headers: { ...headers, Origin: origin } });
  mustAllow(response);
  return response;
}

const client = new OldClient(base, shell, fetchAsBrowser);
const seen = typed ? await client.setUp(typed) : await client.start();
console.log(JSON.stringify({ seen, sent }));
