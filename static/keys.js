// Shortcut keys, for staff. Every page works without them.
(() => {
  "use strict";

  const find = (selector, root = document) => root.querySelector(selector);

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

  const works = (key) => (key === "j" ? find("[data-row] a") : elementOfKey(key));

  // Lists only keys that work on the page now.
  function openDialog() {
    for (const term of dialog.querySelectorAll("[data-needs]")) {
      term.hidden = term.nextElementSibling.hidden = !works(term.dataset.needs);
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
    const rows = [...document.querySelectorAll("[data-row]")].filter((each) => find("a", each));
    const current = rows.findIndex((row) => row.contains(document.activeElement));
    const next = current < 0 ? (step > 0 ? 0 : rows.length - 1) : current + step;
    find("a", rows[next] ?? document.createElement("p"))?.focus();
  }

  function selectRow() {
    const row = document.activeElement.closest("[data-row]");
    if (row) find("[data-pick]", row)?.click();
  }
  let row = null; // the one from which somebody went to the search

  function activate(target) {
    if (target.matches("a")) return target.click();
    if (target.matches("details")) target.open = true;
    row = document.activeElement.closest("[data-row] a");
    const field = target.matches("input") ? target : find("input:not([type=hidden]), select, textarea", target);
    (field ?? find("button", target))?.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (find("dialog[open]") || event.defaultPrevented || event.isComposing) return;
    // Leaves the search without clearing it, which is what a browser does, and goes back to the row.
    // Not a letter: always on.
    if (event.key === "Escape" && event.target.matches("input[type=search]")) {
      event.target.blur();
      if (row?.isConnected) row.focus();
      event.preventDefault();
      return;
    }
    if (!enabled) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
    const target = elementOfKey(event.key);
    if (event.repeat && target) return; // a key that is held down opens one page, not one after another
    if (event.key === "j") focusRow(1);
    else if (event.key === "k") focusRow(-1);
    else if (event.key === "x") selectRow();
    else if (event.key === "?") openDialog();
    else if (target) activate(target);
    else return;
    event.preventDefault();
  });
})();
