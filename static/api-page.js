// Shows Swagger UI on the page of the API. Without it, the list above has the same calls.
"use strict";

// What Swagger UI 5.35 leaves to be desired for people with a screen reader or a keyboard. React
// keeps attributes that it does not set itself.
const REPAIRS = {
  ".responses-table, .live-responses-table": (table) => {
    table.setAttribute("role", "table");
    table.removeAttribute("aria-live");
  },
  "pre.microlight, pre.curl, .highlight-code > pre, pre.example": (text) => (text.tabIndex = 0),
  ".close-modal": (button) => button.setAttribute("aria-label", "Close"),
  // Its label says something else than its text.
  ".modal-btn": (button) => button.removeAttribute("aria-label"),
};

// Its own layout has an introduction, which the page has, and a second main part of the page.
const layout = ({ React }) => ({
  components: {
    PortalLayout: ({ getComponent, specSelectors }) => {
      const show = (name) => React.createElement(getComponent(name, true), { key: name });
      const isLoaded = specSelectors.specJson().size > 0;
      const parts = isLoaded ? ["AuthorizeBtnContainer", "operations", "Models"] : [];
      return React.createElement("div", { className: "swagger-ui" }, parts.map(show));
    },
  },
});

function repair(part) {
  for (const [selector, change] of Object.entries(REPAIRS)) {
    part.querySelectorAll(selector).forEach(change);
  }
}

addEventListener("DOMContentLoaded", () => {
  const section = document.getElementById("try");
  if (!section || typeof SwaggerUIBundle !== "function") {
    return;
  }
  const ui = document.getElementById("swagger-ui");
  section.hidden = false;
  new MutationObserver(() => repair(ui)).observe(ui, { childList: true, subtree: true });
  SwaggerUIBundle({
    url: section.dataset.document,
    domNode: ui,
    presets: [SwaggerUIBundle.presets.apis],
    plugins: [layout],
    layout: "PortalLayout",
    docExpansion: "list",
    deepLinking: false,
    // Nothing is asked of other hosts, and no token outlives the page.
    validatorUrl: null,
    persistAuthorization: false,
    syntaxHighlight: false,
  });
});
