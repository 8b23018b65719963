// Reports errors of the network and the server, and sets the focus. Every page works without it.
(() => {
  "use strict";

  const find = (selector, root = document) => root.querySelector(selector);

  // --- htmx where only the checks of fields need it: half of the page's bytes and work ----

  const later = find('meta[name="htmx-when-typing"]');
  const missed = new Set(); // controls that were changed before it was there

  function loadHtmx() {
    const script = document.createElement("script");
    script.src = later.content;
    script.addEventListener("load", () => {
      document.removeEventListener("change", noteMissed);
      for (const control of missed) window.htmx.trigger(control, "change");
    });
    document.head.append(script);
  }
  function begin() {
    for (const name of ["focusin", "change"]) document.removeEventListener(name, begin);
    // Between DOMContentLoaded and load, htmx would wait for an event that has been.
    if (document.readyState === "complete") loadHtmx();
    else window.addEventListener("load", loadHtmx);
  }
  const noteMissed = (event) => missed.add(event.target);
  if (later) {
    document.addEventListener("change", noteMissed);
    for (const name of ["focusin", "change"]) document.addEventListener(name, begin);
  }

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
  // The answer to a check is the whole field. Only its texts are taken over: somebody may be typing
  // in the control. If something else is typed by now, the answer is late and is dropped.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isFieldCheck(event)) return;
    event.detail.shouldSwap = false;
    const { requestConfig, serverResponse, xhr } = event.detail;
    const control = requestConfig.elt;
    const isLate = control.value !== requestConfig.parameters[control.name];
    if (xhr.status === 200 && !pressing && !isLate) showCheck(control, serverResponse);
  });

  function showCheck(control, html) {
    const checked = new DOMParser().parseFromString(html, "text/html").getElementById(control.id);
    if (!checked) return;
    for (const name of ["aria-describedby", "aria-invalid"]) {
      if (checked.hasAttribute(name)) control.setAttribute(name, checked.getAttribute(name));
      else control.removeAttribute(name);
    }
    const field = control.closest(".field");
    const answer = checked.closest(".field");
    field.className = answer.className;
    for (const text of field.querySelectorAll(".error, .note")) text.remove();
    const error = find(".error", answer);
    const note = find(".note", answer);
    showInSummary(control, error);
    if (error) control.before(document.adoptNode(error));
    if (note) control.after(document.adoptNode(note));
  }

  // The summary on top says the same as the fields: what is corrected leaves it.
  function showInSummary(control, error) {
    const link = find(`[role=alert][data-focus] a[href="#${CSS.escape(control.id)}"]`);
    if (!link) return;
    if (error) link.textContent = error.lastChild.textContent.trim();
    else link.closest("li").remove();
    const summary = find("[role=alert][data-focus]");
    if (!find("li", summary)) summary.remove();
  }

  // --- A form that is on its way says so on the button that was pressed -----------------

  const onItsWay = new Map(); // button -> what it showed
  const live = find("#live");
  // Whoever stops a page that loads gets no event: then the button works again after a while.
  const MOST = 30_000;

  function showSending(form, pressed) {
    // What Enter in a field presses may be hidden, see templates/staff/_team.html.
    const button = pressed && !pressed.hidden ? pressed : find("button:not([type=button])", form);
    // A steady form sends itself again and again; a preview sends nothing.
    if (!button || onItsWay.has(button) || button.closest(".steady, [data-preview]")) return;
    onItsWay.set(button, [...button.childNodes]);
    button.style.minWidth = `${button.offsetWidth}px`;
    // Not `disabled`: the browser would leave out the name and the value of the button.
    button.setAttribute("aria-disabled", "true");
    button.textContent = live.textContent = alerts.dataset.sending;
    setTimeout(() => showSent(form, button), MOST);
  }

  function showSent(form, button) {
    form?.classList.remove("sending");
    if (!onItsWay.has(button)) return;
    button.replaceChildren(...onItsWay.get(button));
    button.removeAttribute("aria-disabled");
    button.style.minWidth = "";
    onItsWay.delete(button);
    if (live.textContent === alerts.dataset.sending) live.textContent = "";
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || event.submitter?.closest(".languages")) return;
    form.classList.add("sending");
    showSending(form, event.submitter);
  });
  // The way back may lead to the page as it was left.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll(".sending")) form.classList.remove("sending");
    for (const button of [...onItsWay.keys()]) showSent(button.form, button);
  });
  // A form that htmx sends.
  const pressedIn = ({ elt, requestConfig }) => (elt.matches("button") ? elt : requestConfig?.triggeringEvent?.submitter);
  document.addEventListener("htmx:beforeSend", (event) => {
    const { elt, requestConfig } = event.detail;
    if (isFieldCheck(event) || requestConfig.verb !== "post") return;
    showSending(elt.closest("form") ?? elt, pressedIn(event.detail));
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    for (const button of [...onItsWay.keys()]) {
      const { elt } = event.detail;
      if (elt === button || elt.contains(button) || !button.isConnected) showSent(null, button);
    }
  });

  // --- Forms side by side: what is typed in one stays when another one is sent --------

  // A select without a default shows its first option.
  const defaultIndex = (select) => Math.max(0, [...select.options].findIndex((option) => option.defaultSelected));

  function isChanged(control) {
    if (control.type === "hidden") return false;
    if (control.matches("select")) return control.selectedIndex !== defaultIndex(control);
    if (control.matches("[type=checkbox], [type=radio]")) return control.checked !== control.defaultChecked;
    return control.value !== control.defaultValue;
  }

  // Where somebody types while the answer to another form arrives.
  const isInUse = (control) => control === document.activeElement && control.matches("input, textarea");

  let typed = [];
  let inUse = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    inUse = false;
    const section = event.detail.target;
    if (!section.matches("[data-keeps-entries]")) return;
    const sent = event.detail.requestConfig.elt.closest("[data-part]");
    typed = [...section.querySelectorAll("input, select, textarea")]
      .filter((control) => !sent?.contains(control) && (isChanged(control) || isInUse(control)))
      .map((control) => {
        const { id, value, checked, selectionStart, selectionEnd } = control;
        return { id, value, checked, selection: [selectionStart, selectionEnd], inUse: isInUse(control) };
      });
    inUse = typed.some((control) => control.inUse);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const { id, value, checked, selection, inUse } of typed) {
      const control = document.getElementById(id);
      if (!control) continue; // the tenant has this form no more
      if (control.matches("[type=checkbox], [type=radio]")) control.checked = checked;
      else control.value = value;
      const folded = control.closest("details");
      if (folded) folded.open = true;
      if (!inUse) continue;
      control.focus({ preventScroll: true });
      if (selection[0] !== null) control.setSelectionRange(...selection);
    }
    typed = [];
  });

  // --- Focus: the error summary, or the outcome of what was sent ----------------------

  function focusOn(root) {
    if (inUse && document.activeElement.matches("input, textarea")) return; // the live region says it
    const target = root.matches?.("[data-focus]") ? root : find("[data-focus]", root);
    target?.focus();
  }
  if (!find("[autofocus]")) focusOn(document); // otherwise the browser sets the focus
  document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt !== document.body) focusOn(event.detail.elt);
  });

  // A link that swaps a list names the heading at which the reader goes on.
  document.addEventListener("htmx:afterSettle", (event) => {
    const heading = event.detail.requestConfig?.elt.dataset.thenFocus;
    if (heading) document.getElementById(heading)?.focus({ preventScroll: true });
  });

  // --- A list remembers the row that was opened: whoever comes back goes on there -------

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-row] a[id]");
    if (link) history.replaceState(history.state, "", `#${link.id}`);
  });
  window.addEventListener("pageshow", () => {
    const link = location.hash.startsWith("#row-") && document.getElementById(location.hash.slice(1));
    if (link) link.focus();
  });

  // --- Copying the address of a page; without a clipboard it is selected instead ------

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
        find("#live").textContent = button.dataset.copied;
        button.textContent = button.dataset.copied;
      } catch { /* the address is selected */ }
    });
  }
})();
