// What a page can do without: the count in the tab's title, and a menu that closes when one looks elsewhere.
"use strict";

(() => {
  const plain = document.title.replace(/^\(.*?\) /, "");

  // All that needs this person, over the entries of the navigation: 4 and 1,000+ are 1,004+.
  function needed() {
    const counts = [...document.querySelectorAll(".rail .count")].map((one) => one.textContent.trim());
    const sum = counts.reduce((all, one) => all + (Number.parseInt(one.replaceAll(/\D/g, ""), 10) || 0), 0);
    return sum ? sum.toLocaleString("en") + (counts.some((one) => one.endsWith("+")) ? "+" : "") : "";
  }

  function countInTitle() {
    const count = needed();
    const title = count ? `(${count}) ${plain}` : plain;
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
