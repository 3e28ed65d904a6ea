// The form of a new batch: only the arguments of what is chosen, no button for what comes by itself, and a file that is too
// big before it is sent; while it is sent, how much of it has gone out. All works without this file.
"use strict";

(() => {
  function showChosen() {
    for (const of of ["job", "map", "reduce", "loader", "processor"]) {
      const chosen = document.getElementById(`id_${of}`)?.value;
      for (const set of document.querySelectorAll(`[data-${of}]`)) set.hidden = set.dataset[of] !== chosen;
    }
  }
  document.addEventListener("change", (event) => {
    showChosen();
    if (event.target.type !== "file") return;
    const most = Number(event.target.form.dataset.most);
    const said = event.target.form.querySelector("[data-too-big]");
    if (said && most) said.hidden = !(event.target.files[0]?.size > most);
  });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return; // the same form again
    const form = event.target;
    const busy = form.querySelector("[data-busy]");
    if (busy) busy.hidden = false;
    if (!form.querySelector("[data-sent]")) return;
    event.preventDefault();
    send(form);
  });

  // As the browser would, but one sees how far it is. The answer is where to look at it, or the same page with what is wrong.
  function send(form) {
    const bar = form.querySelector("[data-sent]");
    const lost = form.querySelector("[data-no-answer]");
    const request = new XMLHttpRequest();
    lost.hidden = true;
    request.upload.addEventListener("progress", (event) => {
      bar.hidden = false;
      bar.max = event.total;
      bar.value = event.loaded;
    });
    request.addEventListener("load", () => answered(request, form));
    request.addEventListener("error", () => {
      lost.hidden = false;
      again(form);
    });
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.send(new FormData(form));
  }

  function answered(request, form) {
    if (request.status === 201) window.location.assign(JSON.parse(request.responseText).location);
    else if (request.status < 400) window.location.assign(request.responseURL); // signed out meanwhile
    else {
      const main = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main");
      if (main) document.querySelector("main").replaceWith(main);
      else again(form);
      document.querySelector("main [autofocus]")?.focus();
    }
  }

  function again(form) {
    form.dataset.once = "";
    for (const one of form.querySelectorAll("[data-busy], [data-sent]")) one.hidden = true;
  }
  window.addEventListener("pageshow", () => {
    for (const one of document.querySelectorAll("[data-busy], [data-sent]")) one.hidden = true;
  });
  for (const one of document.querySelectorAll("[data-by-itself]")) one.hidden = true;
  showChosen();
  window.addEventListener("pageshow", showChosen);
})();
