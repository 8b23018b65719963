// On the page of a tenant: says that somebody looks at it, and shows who else does and what has
// changed. Only while the page can be seen. Without this script the page says who was there when it
// was opened.
(() => {
  "use strict";

  const EVERY = 20_000;
  const words = (node) => node.textContent.replace(/\s+/g, " ").trim();
  let timer;
  let asked; // the box of the latest question
  let asking = false;

  async function ask() {
    clearTimeout(timer);
    const box = document.getElementById("presence");
    if (!box || document.hidden || asking) return;
    asking = true;
    asked = box;
    const { url, version, turn } = box.dataset;
    const answer = await fetch(url, {
      method: "POST",
      redirect: "manual",
      // Nobody has used the session by this.
      headers: { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true", "Portal-Automatic": "true" },
      body: new URLSearchParams({ version, turn }),
    }).catch(() => null);
    const text = answer?.ok ? await answer.text().catch(() => null) : null;
    asking = false;
    if (!box.isConnected) return ask(); // the page was swapped meanwhile
    if (text !== null) show(box, text);
    // Signed out, or another role: until somebody comes back to this page.
    if (answer && !answer.ok && answer.status < 500) return;
    timer = setTimeout(ask, EVERY);
  }

  // The same words are not read out again; and nothing goes away under somebody's hands.
  function show(box, text) {
    const template = document.createElement("template");
    template.innerHTML = text;
    if (words(template.content) === words(box) || box.contains(document.activeElement)) return;
    box.replaceChildren(template.content);
    htmx.process(box);
  }

  ask();
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("htmx:afterSwap", () => {
    if (document.getElementById("presence") !== asked) ask();
  });
})();
