// The answer to the form in a frame of the shell: opens the status page in a new tab. If the sandbox
// of the frame forbids that, the address is there as text and as a QR code.
(() => {
  "use strict";

  const link = document.querySelector("#open");
  const blocked = document.querySelector("#blocked");

  // Without "noopener", which never says whether a tab has opened. In a sandbox that forbids it,
  // Chromium returns null and Firefox throws.
  function openTab(address) {
    try {
      const opened = window.open(address, "_blank");
      if (opened) opened.opener = null;
      return opened;
    } catch {
      return null;
    }
  }

  link.addEventListener("click", (event) => {
    event.preventDefault();
    const opened = openTab(link.href);
    if (!opened) blocked.textContent = blocked.dataset.text;
    blocked.hidden = Boolean(opened);
    // Also if it has: a tab that inherits the sandbox stays empty, and nobody is told.
    document.querySelector("#by-hand").open = true;
  });
})();
