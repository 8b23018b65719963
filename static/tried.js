// On the page of a tenant: what a try of credentials has shown goes away as soon as one of the fields
// changes that were tried, since it stands above the button that saves them. Without this script it
// stays, and says which client id and which ids it is about.
(() => {
  "use strict";

  const namesOf = (box) => box.dataset.tried.split(" ");

  function drop(box) {
    const text = document.createElement("p");
    text.className = "strip warning";
    text.textContent = document.getElementById("live").textContent = box.dataset.changed;
    box.replaceChildren(text);
  }

  document.addEventListener("input", ({ target }) => {
    const box = target.form?.querySelector("[data-tried]");
    if (box?.querySelector("figure") && namesOf(box).includes(target.name)) drop(box);
  });

  // Somebody may have typed while the cluster was asked.
  document.addEventListener("htmx:afterSwap", ({ detail: { target, requestConfig } }) => {
    if (!target.matches("[data-tried]")) return;
    const { elements } = target.closest("form");
    const sent = requestConfig.parameters;
    if (namesOf(target).some((name) => elements[name] && elements[name].value !== sent[name])) drop(target);
  });
})();
