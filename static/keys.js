// The one script of ours: says when the network or the server fails, puts the focus where
// the reader is, and gives staff a few keys. Every page works without it.
(() => {
  "use strict";

  const find = (selector, root = document) => root.querySelector(selector);

  // --- what went wrong: htmx itself says nothing -------------------------------------

  const alerts = find("#alerts");

  function warn(words) {
    const strip = document.createElement("p");
    strip.className = "strip negative";
    strip.textContent = words;
    alerts.replaceChildren(strip);
    alerts.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== alerts) return;
    alerts.scrollIntoView({ block: "nearest" });
    offer(event.detail.requestConfig?.elt);
  });

  // What goes on by itself has a button for when it cannot.
  function offer(element, helps = true) {
    const again = element && find("[data-again]", element);
    if (!again) return;
    again.hidden = !helps;
    if (helps) find("button", again).focus();
  }

  // A check while somebody types is a courtesy: when it fails, nobody needs to know.
  const quiet = (event) => event.detail.elt?.closest("[data-quiet]");

  // Its hint must not move a button away between press and release: the click would be lost.
  let pressing = false;
  document.addEventListener("pointerdown", (event) => { pressing = Boolean(event.target.closest("button")); });
  for (const name of ["pointerup", "pointercancel"]) {
    document.addEventListener(name, () => { pressing = false; });
  }

  const failures = { "htmx:sendError": "network", "htmx:timeout": "timeout", "htmx:responseError": "server" };
  for (const [name, words] of Object.entries(failures)) {
    document.addEventListener(name, (event) => {
      if (quiet(event)) return;
      const { elt } = event.detail;
      warn(elt?.dataset?.[words] ?? alerts.dataset[words]); // its own advice, or everybody's
      offer(elt);
    });
  }
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (quiet(event)) return;
    alerts.replaceChildren();
    offer(event.detail.elt, false);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const helps = [200, 422].includes(event.detail.xhr.status) && !pressing;
    if (quiet(event) && !helps) event.detail.shouldSwap = false;
  });

  // --- focus: the summary of errors, or what just happened ---------------------------

  function focusOn(root) {
    const target = root.matches?.("[data-focus]") ? root : find("[data-focus]", root);
    target?.focus();
  }
  if (!find("[autofocus]")) focusOn(document); // else the browser does it
  document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt !== document.body) focusOn(event.detail.elt);
  });

  // --- keys, for staff ---------------------------------------------------------------

  const list = find("#keys");
  if (!list) return;

  const switches = document.querySelectorAll("[data-keys-switch]");
  let memory = null; // a browser may refuse to remember anything
  try { memory = window.localStorage; } catch { /* then keys are on again on the next page */ }
  let on = memory?.getItem("keys") !== "off";

  function show() {
    for (const button of switches) {
      button.hidden = false;
      button.setAttribute("aria-checked", String(on));
    }
  }
  for (const button of switches) {
    button.addEventListener("click", () => {
      on = !on;
      memory?.setItem("keys", on ? "on" : "off");
      show();
    });
  }
  const owner = (key) => find(`[data-key="${CSS.escape(key)}"]`);

  // Only the keys that do something on this page as it is now.
  function open() {
    for (const term of list.querySelectorAll("[data-needs]")) {
      term.hidden = term.nextElementSibling.hidden = !owner(term.dataset.needs);
    }
    list.showModal();
  }
  for (const button of document.querySelectorAll("[data-keys-list]")) {
    button.hidden = false;
    button.addEventListener("click", open);
  }
  find("[data-close]", list).addEventListener("click", () => list.close());
  show();

  function move(step) {
    const rows = [...document.querySelectorAll("[data-row]")];
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    const next = here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step;
    find("a", rows[next] ?? document.createElement("p"))?.focus();
  }

  // A page says what a key is for: <a data-key="u">, <input data-key="/">, <details data-key="a">.
  function use(target) {
    if (target.matches("a")) return target.click();
    if (target.matches("details")) target.open = true;
    const field = target.matches("input") ? target : find("input:not([type=hidden]), select, textarea", target);
    (field ?? find("button", target))?.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (!on || list.open || event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
    const target = owner(event.key);
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "?") open();
    else if (target) use(target);
    else return;
    event.preventDefault();
  });
})();
