// Keys, forms that are sent once, and answers that say why not. Every page of approvals works without this file.
"use strict";

(() => {
  const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;
  const rows = () => [...document.querySelectorAll("[data-row] .title")];

  function move(step) {
    const titles = rows();
    const here = titles.findIndex((title) => title.closest("[data-row]").contains(document.activeElement));
    const next = here < 0 ? (step > 0 ? 0 : titles.length - 1) : Math.min(Math.max(here + step, 0), titles.length - 1);
    titles[next]?.focus();
  }

  // On a list the key is of the row that has the focus; on the page of a request it is of the panel that decides.
  function press(key) {
    const row = document.activeElement.closest("[data-row]");
    const place = row ?? document.querySelector("#decide");
    place?.querySelector(`[data-key="${key}"]`)?.click();
  }

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    a: () => press("a"),
    r: () => press("r"),
    "?": () => {
      const list = document.getElementById("keys");
      if (list) list.open = !list.open;
    },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    if (typing(event.target) || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });

  // A second click while the first is under way sends nothing; the server takes it for the same one anyway.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-once]");
    if (!form || form.hasAttribute("hx-post")) return;
    if (form.dataset.once === "sent") event.preventDefault();
    form.dataset.once = "sent";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-once]")) form.dataset.once = "";
    showArguments();
  });

  // Only the chosen action's arguments.
  function showArguments() {
    const chosen = document.getElementById("id_action")?.value;
    for (const set of document.querySelectorAll("[data-arguments]")) set.hidden = set.dataset.arguments !== chosen;
  }
  document.addEventListener("change", (event) => {
    if (event.target.id === "id_action") showArguments();
  });
  showArguments();

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
    const renewed = await window.leitstand?.renewForm(panel.querySelector("[data-form-for]"));
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
