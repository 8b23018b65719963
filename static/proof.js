// The proof of work on the sign-up form: ALTCHA's widget with our words and its worker.
const { worker } = document.querySelector("script[data-worker]").dataset;
const { algorithms, i18n } = globalThis.$altcha;
algorithms.set("PBKDF2/SHA-256", () => new Worker(worker));
for (const { dataset, lang } of document.querySelectorAll("altcha-widget")) {
  const language = lang || document.documentElement.lang;
  i18n.set(language, { ...i18n.get("en"), ...JSON.parse(dataset.words) });
}
