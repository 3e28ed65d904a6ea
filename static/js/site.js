// What a page can do without: the count in the tab's title, and a menu that closes when one looks elsewhere.
"use strict";

(() => {
  const plain = document.title.replace(/^\(.*?\) /, "");

  function countInTitle() {
    const count = document.querySelector(".rail .count")?.textContent.trim();
    const title = count && count !== "0" ? `(${count}) ${plain}` : plain;
    if (document.title !== title) document.title = title;
  }

  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.who[open]")) {
      if (!menu.contains(except)) menu.open = false;
    }
  }

  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.who[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  const rail = document.querySelector(".rail");
  if (rail) new MutationObserver(countInTitle).observe(rail, { childList: true, subtree: true, characterData: true });
  countInTitle();
})();
