// Forms that are sent once, and answers that say why not: wherever somebody decides or orders. All works without this file.
"use strict";

(() => {
  // A second click while the first is under way sends nothing; the server takes it for the same one anyway.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-once]");
    if (!form || form.hasAttribute("hx-post")) return;
    if (form.dataset.once === "sent") event.preventDefault();
    form.dataset.once = "sent";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-once]")) form.dataset.once = "";
  });

  // "Not sent" (503) and "needs a reason" (400) are answers: they stand where the form stood.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    if (!target?.matches("[data-answers]") || ![400, 503].includes(xhr.status)) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });

  // No answer at all, or one that cannot stand where the form stands: said above it, and what was typed stays.
  function say(panel, name) {
    const words = panel.querySelector(`[data-say="${name}"]`);
    panel.querySelector("[data-receipt]")?.replaceChildren(words.content.cloneNode(true));
  }

  // The form is made for one sign-in; after another it is fetched again.
  async function bringUpToDate(panel) {
    const holder = panel.querySelector("[data-form-for]");
    if (!holder) {
      say(panel, "refused");
      return;
    }
    const renewed = await window.leitstand?.renewForm(holder);
    say(panel, renewed ? "outdated" : "not-signed-in");
  }

  const panelOf = (event) => (event.detail.target?.matches("[data-answers]") ? event.detail.target : null);
  document.addEventListener("htmx:sendError", (event) => {
    const panel = panelOf(event);
    if (panel) say(panel, "no-answer");
  });
  document.addEventListener("htmx:responseError", (event) => {
    const panel = panelOf(event);
    if (!panel) return;
    const { status } = event.detail.xhr;
    if (status === 401) say(panel, "not-signed-in");
    else if (status === 403) bringUpToDate(panel);
    else if (status >= 500) say(panel, "no-answer");
  });
})();
