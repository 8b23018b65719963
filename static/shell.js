// The page in a frame of the Field Service Management shell: asks the shell who asks for access,
// shows that, and what the portal knows of the company.
//
// The vendored SDK takes a message of any window for one of the shell. So each handler looks who
// sent it. The SDK also answers nothing that the shell does not know, and tells the parent the whole
// address of this page: there is a time limit here, and no secret in the address.
(() => {
  "use strict";

  const { SHELL_EVENTS, ShellSdk } = FsmShell;
  const { REQUIRE_AUTHENTICATION, REQUIRE_CONTEXT, GET_STORAGE_ITEM } = SHELL_EVENTS.Version1;
  const TOKEN = { response_type: "token" };
  const THEME_KEY = "Shell_SelectedThemeId";
  const PATIENCE = 8000; // milliseconds

  const find = (selector) => document.querySelector(selector);
  const page = find("#shell");
  const form = find("#sign-up");
  const outside = find("#outside");
  const said = find("#said");
  const labels = JSON.parse(page.dataset.labels); // host of a cluster -> its label
  const origins = page.dataset.origins.split(" ").filter(Boolean);

  function say(kind) {
    said.textContent = said.dataset[kind] ?? "";
  }

  // Why nothing can be learnt here, and the way around: the form on a page of its own.
  function giveUp(kind) {
    say(kind);
    if (!("answer" in form.dataset)) outside.hidden = false;
  }

  // Opened by itself: the link is all there is to show.
  if (window.parent === window || !origins.length) return;
  // A frame without its own origin sends forms that look like those of another site.
  if (window.origin === "null") return giveUp("closed");

  // --- Which shell this is -----------------------------------------------------------

  function originOf(address) {
    try {
      return new URL(address).origin;
    } catch {
      return "";
    }
  }
  const parents = [location.ancestorOrigins?.[0], originOf(document.referrer)];
  let shell = parents.find((origin) => origins.includes(origin)) ?? "";
  const sdk = ShellSdk.init(window.parent, shell || origins[0]);

  // A browser may hide the parent's origin. Then each shell is asked: a message reaches the parent
  // only if it has the origin that the message names.
  function ask(type, value) {
    for (const origin of shell ? [shell] : origins) {
      sdk.setTarget(window.parent, origin);
      sdk.emit(type, value);
    }
  }

  const isFromShell = (origin, event) =>
    event.source === window.parent && (shell ? origin === shell : origins.includes(origin));

  // --- What it says ------------------------------------------------------------------

  const text = (value) => (["string", "number"].includes(typeof value) ? String(value).trim() : "");

  // It comes as text or as an object.
  function parsed(value) {
    if (typeof value !== "string") return value;
    try {
      return JSON.parse(value);
    } catch {
      return null;
    }
  }

  let heard = false;
  function hear(value, origin) {
    const context = parsed(value);
    if (heard || typeof context !== "object" || context === null) return;
    heard = true;
    shell = origin;
    clearTimeout(timer);
    outside.hidden = true; // it may have been shown, if the answer took long
    sdk.setTarget(window.parent, shell);
    keepToken(context.auth);
    if (text(context.selectedThemeId)) setTheme(context.selectedThemeId);
    else ask(GET_STORAGE_ITEM, THEME_KEY);
    if (!("answer" in form.dataset) && goToLanguage(text(context.selectedLocale))) return;
    say("");
    const ids = {
      account_id: text(context.accountId),
      company_id: text(context.companyId),
      account_name: text(context.account),
      company_name: text(context.company),
      cluster: labels[text(context.cloudHost).toLowerCase()] ?? text(context.cloudHost).split(".")[0],
    };
    if (!ids.account_id || !ids.company_id) return giveUp("nameless");
    for (const [name, value_] of Object.entries(ids)) form.elements[name].value = value_;
    showFacts(ids);
    if (!("answer" in form.dataset)) showState(ids);
  }

  function showFacts(ids) {
    const named = (name, id) => (name && name !== id ? `${name} (${id})` : id);
    const facts = {
      account: named(ids.account_name, ids.account_id),
      company: named(ids.company_name, ids.company_id),
      cluster: ids.cluster,
    };
    for (const fact of document.querySelectorAll("[data-fact]")) {
      fact.textContent = facts[fact.dataset.fact];
      fact.parentElement.hidden = !fact.textContent;
    }
    find("#known").hidden = false;
  }

  // The page again in the language of the shell, once.
  function goToLanguage(locale) {
    const tag = locale.toLowerCase().replace("-", "_");
    const offered = page.dataset.languages.split(" ");
    const language = [tag, tag.split("_")[0]].find((each) => offered.includes(each));
    const shown = document.documentElement.lang.replace("-", "_");
    if (!language || language === shown || location.search) return false;
    location.replace(`${location.pathname}?language=${language}`);
    return true;
  }

  function setTheme(id) {
    const theme = /dark|hcb/.test(String(id)) ? "dark" : "light";
    document.documentElement.dataset.theme = theme;
    form.elements.theme.value = theme;
  }

  // --- What the portal knows of the company -------------------------------------------

  async function showState(ids) {
    const query = new URLSearchParams({ ...ids, language: form.elements.language.value });
    let offer = "open";
    try {
      // As htmx asks: for a part of a page. No cookie goes along.
      const response = await fetch(`${page.dataset.state}?${query}`, {
        credentials: "omit", headers: { "HX-Request": "true" },
      });
      if (!response.ok) throw new Error(String(response.status));
      const answer = new DOMParser().parseFromString(await response.text(), "text/html");
      offer = answer.querySelector("[data-offer]")?.dataset.offer ?? offer;
      find("#state").replaceChildren(...answer.body.childNodes);
    } catch {
      say("unknown");
    }
    form.hidden = offer !== "open";
    find("[data-unfold]")?.addEventListener("click", (event) => {
      event.target.hidden = true;
      form.hidden = false;
      form.querySelector("input:not([type=hidden])").focus();
    });
  }

  // --- The token of the shell, if the portal verifies it ---------------------------------

  // It is in no element of the page: it goes along with the form, and nowhere else.
  let token = "";
  function keepToken(auth) {
    if (!("proof" in page.dataset) || !text(auth?.access_token)) return;
    token = auth.access_token;
    // Another one a minute before it ends: somebody may fill in the form for long.
    const seconds = Number(auth.expires_in) - 60;
    if (seconds > 0) setTimeout(() => ask(REQUIRE_AUTHENTICATION, TOKEN), Math.min(seconds, 86_400) * 1000);
  }
  form.addEventListener("formdata", (event) => { if (token) event.formData.set("shell_token", token); });

  // A sandbox without forms swallows them in silence: the event never comes.
  let sends = false;
  form.addEventListener("submit", () => { sends = true; });
  form.addEventListener("click", (event) => {
    if (!event.target.closest("button:not([type=button])")) return;
    sends = false;
    setTimeout(() => { if (!sends) giveUp("formless"); });
  });

  sdk.on(REQUIRE_CONTEXT, (value, origin, from, event) => {
    if (isFromShell(origin, event)) hear(value, origin);
  });
  sdk.on(REQUIRE_AUTHENTICATION, (value, origin, from, event) => {
    if (isFromShell(origin, event)) keepToken(parsed(value));
  });
  sdk.on(GET_STORAGE_ITEM, (value, origin, from, event) => {
    if (!isFromShell(origin, event)) return;
    const item = parsed(value);
    if (item?.key === THEME_KEY && text(item.value)) setTheme(item.value);
  });
  // Not `Version1.ERROR`, which there is not.
  sdk.on(SHELL_EVENTS.ERROR, (value, origin, from, event) => {
    if (!isFromShell(origin, event) || heard) return;
    clearTimeout(timer);
    giveUp("refused");
  });

  outside.hidden = true;
  say("asking");
  const timer = setTimeout(() => giveUp("silent"), PATIENCE);
  const who = { clientIdentifier: "appointment-manager-access", clientSecret: "" };
  ask(REQUIRE_CONTEXT, "proof" in page.dataset ? { ...who, auth: TOKEN } : who);
})();
