// For pages of staff: says that the session ends soon, and lets people stay. Without this script the
// footer of each page says when it ends.
(() => {
  "use strict";

  const find = (selector, root = document) => root.querySelector(selector);
  const session = find("#session");

  // A request that nobody has caused does not keep anybody signed in.
  const AUTOMATIC = { "Portal-Automatic": "true" };
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.triggeringEvent) Object.assign(event.detail.headers, AUTOMATIC);
  });

  let shown = "";
  let endsAt = 0;
  let latestAt = 0;
  let timer;

  // Each answer says how many seconds are left, as `idle latest`.
  function noteEnd(text) {
    if (!text) return;
    const [seconds, latest] = text.split(" ").map(Number);
    endsAt = Date.now() + seconds * 1000;
    latestAt = Date.now() + latest * 1000;
    plan();
  }

  function show(part) {
    if (part === shown) return;
    shown = part;
    for (const strip of session.querySelectorAll(":scope > p")) strip.remove();
    if (!part) return;
    const strip = find(`[data-part=${part}]`, session).content.cloneNode(true);
    const minutes = find("[data-minutes]", strip);
    if (minutes) minutes.textContent = Math.max(1, Math.round((endsAt - Date.now()) / 60000));
    find("button", strip)?.addEventListener("click", stay);
    session.append(strip);
  }

  const ask = (headers) => fetch(session.dataset.url, { headers, redirect: "manual" });

  async function stay() {
    const answer = await ask({}).catch(() => null);
    if (!answer) {
      find("#live").textContent = find("#alerts").dataset.network;
      return;
    }
    if (answer.status !== 204) return show("over");
    noteEnd(answer.headers.get("Portal-Session-Ends-In"));
    find("#main").focus({ preventScroll: true }); // the button is gone
    find("#live").textContent = session.dataset.stayed;
  }

  // Another tab may have used the session: the portal is asked before anything is said.
  async function check() {
    const answer = await ask(AUTOMATIC).catch(() => null);
    if (!answer) { timer = setTimeout(check, 30_000); return; }
    if (answer.status !== 204) return show("over");
    noteEnd(answer.headers.get("Portal-Session-Ends-In"));
  }

  // A timer that is longer than the device sleeps fires late, so it also looks when the page is seen.
  function plan() {
    clearTimeout(timer);
    const left = endsAt - Date.now();
    const warning = Number(session.dataset.warning) * 1000;
    if (left > warning) show("");
    else if (left > 0) show(endsAt < latestAt ? "idle" : "latest");
    timer = setTimeout(check, Math.max(1_000, left > warning ? left - warning : Math.min(left + 1_000, 30_000)));
  }

  noteEnd(session.dataset.ends);
  document.addEventListener("htmx:afterRequest", (event) => {
    noteEnd(event.detail.xhr?.getResponseHeader("Portal-Session-Ends-In"));
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) check(); });
})();
