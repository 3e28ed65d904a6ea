// Keys, and the arguments of an action. Every page of approvals works without this file.
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

  // Only the chosen action's arguments.
  function showArguments() {
    const chosen = document.getElementById("id_action")?.value;
    for (const set of document.querySelectorAll("[data-arguments]")) set.hidden = set.dataset.arguments !== chosen;
  }
  document.addEventListener("change", (event) => {
    if (event.target.id === "id_action") showArguments();
  });
  showArguments();
  window.addEventListener("pageshow", showArguments);
})();
