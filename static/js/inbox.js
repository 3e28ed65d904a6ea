// Approve and reject in the row: the panel that decides in a dialog. Without this file the buttons are links.
"use strict";

(() => {
  const dialog = document.getElementById("row-dialog");
  const inside = document.getElementById("row-decision");
  if (!dialog || !window.htmx) return;
  let opener = "";
  let place = 0;

  const titles = () => [...document.querySelectorAll("[data-row] .title")];

  async function open(link) {
    opener = link.id;
    place = titles().findIndex((title) => title.closest("[data-row]").contains(link));
    const answer = await fetch(link.dataset.dialog, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) {
      location.assign(link.href);
      return;
    }
    htmx.swap(inside, await answer.text(), { swapStyle: "innerHTML" });
    if (!dialog.open) dialog.showModal();
    inside.querySelector("[autofocus]")?.focus();
  }

  // A click with a key held opens the page of the request, as any link does.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(link);
  });

  // The row may have been drawn anew, or have left the list: then the one in its place gets the focus.
  dialog.addEventListener("close", () => {
    inside.replaceChildren();
    const rows = titles();
    const back = document.getElementById(opener) ?? rows[Math.min(place, rows.length - 1)] ?? document.getElementById("filter-q");
    back?.focus();
  });
})();
