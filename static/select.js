// Lists of staff: says how many rows are ticked, and ticks the whole page. Without this script the
// box for the page is sent like the others, and the server does the rest.
(() => {
  "use strict";

  const find = (selector) => document.querySelector(selector);
  const boxes = () => [...document.querySelectorAll("[data-pick]")];
  const live = find("#live");
  let timer;

  function show() {
    const page = find("[data-select-page]");
    const text = find("#selected");
    if (!page || !text) return;
    page.removeAttribute("name"); // from now on the rows say what is ticked
    const all = boxes();
    const ticked = all.filter((box) => box.checked).length;
    page.checked = ticked === all.length;
    page.indeterminate = ticked > 0 && ticked < all.length;
    text.textContent = ticked ? `${text.dataset.text} ${ticked}` : "";
  }

  // Only the last of several quick changes is announced.
  function announce() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const text = find("#selected");
      if (text) live.textContent = text.textContent || `${text.dataset.text} 0`;
    }, 400);
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-select-page]")) {
      for (const box of boxes()) box.checked = event.target.checked;
    } else if (!event.target.matches("[data-pick]")) return;
    show();
    announce();
  });
  document.addEventListener("htmx:afterSettle", show);
  // The way back leads to the list as it was left.
  window.addEventListener("pageshow", show);
  show();
})();
