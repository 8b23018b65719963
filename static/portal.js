// Our only script: reports errors of the network and the server, sets the focus, and gives staff
// shortcut keys. Every page works without it.
(() => {
  "use strict";

  const find = (selector, root = document) => root.querySelector(selector);

  // --- Errors of requests: htmx itself shows nothing ----------------------------------

  const alerts = find("#alerts");

  function showAlert(text) {
    const strip = document.createElement("p");
    strip.className = "strip negative";
    strip.textContent = text;
    alerts.replaceChildren(strip);
    alerts.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== alerts) return;
    alerts.scrollIntoView({ block: "nearest" });
    showContinue(event.detail.requestConfig?.elt);
  });

  // A form that sends itself again and again has a hidden button to go on after an error.
  function showContinue(element, visible = true) {
    const again = element && find("[data-again]", element);
    if (!again) return;
    again.hidden = !visible;
    if (visible) find("button", again).focus();
  }

  // The check of a field is optional: nobody needs to know that it failed.
  const isFieldCheck = (event) => event.detail.elt?.closest("[data-quiet]");

  // The answer to such a check may move a button. Between press and release that loses the click.
  let pressing = false;
  document.addEventListener("pointerdown", (event) => { pressing = Boolean(event.target.closest("button")); });
  for (const name of ["pointerup", "pointercancel"]) {
    document.addEventListener(name, () => { pressing = false; });
  }

  const failures = { "htmx:sendError": "network", "htmx:timeout": "timeout", "htmx:responseError": "server" };
  for (const [name, kind] of Object.entries(failures)) {
    document.addEventListener(name, (event) => {
      if (isFieldCheck(event)) return;
      const { elt } = event.detail;
      showAlert(elt?.dataset?.[kind] ?? alerts.dataset[kind]); // the element's own text, if it has one
      showContinue(elt);
    });
  }
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isFieldCheck(event)) return;
    alerts.replaceChildren();
    showContinue(event.detail.elt, false);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const usable = [200, 422].includes(event.detail.xhr.status) && !pressing;
    if (isFieldCheck(event) && !usable) event.detail.shouldSwap = false;
  });

  // --- Focus: the error summary, or the outcome of what was sent ----------------------

  function focusOn(root) {
    const target = root.matches?.("[data-focus]") ? root : find("[data-focus]", root);
    target?.focus();
  }
  if (!find("[autofocus]")) focusOn(document); // otherwise the browser sets the focus
  document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt !== document.body) focusOn(event.detail.elt);
  });

  // --- Shortcut keys, for staff -------------------------------------------------------

  const dialog = find("#keys");
  if (!dialog) return;

  const switches = document.querySelectorAll("[data-keys-switch]");
  let storage = null; // a browser may forbid it
  try { storage = window.localStorage; } catch { /* then the keys are on again on the next page */ }
  let enabled = storage?.getItem("keys") !== "off";

  function showSwitches() {
    for (const button of switches) {
      button.hidden = false;
      button.setAttribute("aria-checked", String(enabled));
    }
  }
  for (const button of switches) {
    button.addEventListener("click", () => {
      enabled = !enabled;
      storage?.setItem("keys", enabled ? "on" : "off");
      showSwitches();
    });
  }
  // An element names its key: <a data-key="u">, <input data-key="/">, <details data-key="a">.
  const elementOfKey = (key) => find(`[data-key="${CSS.escape(key)}"]`);

  // Lists only keys whose element is on the page now.
  function openDialog() {
    for (const term of dialog.querySelectorAll("[data-needs]")) {
      term.hidden = term.nextElementSibling.hidden = !elementOfKey(term.dataset.needs);
    }
    dialog.showModal();
  }
  for (const button of document.querySelectorAll("[data-keys-list]")) {
    button.hidden = false;
    button.addEventListener("click", openDialog);
  }
  find("[data-close]", dialog).addEventListener("click", () => dialog.close());
  showSwitches();

  function focusRow(step) {
    const rows = [...document.querySelectorAll("[data-row]")];
    const current = rows.findIndex((row) => row.contains(document.activeElement));
    const next = current < 0 ? (step > 0 ? 0 : rows.length - 1) : current + step;
    find("a", rows[next] ?? document.createElement("p"))?.focus();
  }

  function activate(target) {
    if (target.matches("a")) return target.click();
    if (target.matches("details")) target.open = true;
    const field = target.matches("input") ? target : find("input:not([type=hidden]), select, textarea", target);
    (field ?? find("button", target))?.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (!enabled || dialog.open || event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
    const target = elementOfKey(event.key);
    if (event.key === "j") focusRow(1);
    else if (event.key === "k") focusRow(-1);
    else if (event.key === "?") openDialog();
    else if (target) activate(target);
    else return;
    event.preventDefault();
  });
})();
