// The live page in the browser: says when it is blind, ages the times, keeps the focus, fetches its own forms.
// The words come from the server (data-words of #live), so that they are in the reader's language.
"use strict";

(() => {
  const socket = document.getElementById("live");
  const words = socket ? JSON.parse(socket.dataset.words) : {};
  const BLIND_AFTER = 3000;
  const SIGNED_OUT = 4401;
  const RETRIED_BY_HTMX = [1006, 1011, 1012, 1013];
  let lastPulse = Date.now();
  let skew = 0;
  let signedOut = false;

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // --- seeing, blind, signed out ---------------------------------------------------------------------------------

  function show(state, text, link) {
    const pulse = document.getElementById("live-pulse");
    if (!pulse) return;
    const said = pulse.querySelector("[data-pulse-words]");
    if (pulse.dataset.state === state && said.textContent === text) return;
    pulse.dataset.state = state;
    pulse.title = text;
    said.replaceChildren(text, ...(link ? [" ", link] : []));
    pulse.querySelector("[data-pulse-age]").textContent = "";
  }

  function say(state) {
    if (document.body.dataset.live === state) return;
    const before = document.body.dataset.live;
    document.body.dataset.live = state;
    const status = document.getElementById("live-said");
    if (status && before) status.textContent = words[`said_${state}`];
  }

  function look() {
    if (!socket || signedOut) return;
    const silent = Date.now() - lastPulse;
    if (silent > BLIND_AFTER) {
      say("blind");
      show("blind", fill(words.blind, { seconds: Math.floor(silent / 1000) }));
      return;
    }
    const age = document.querySelector("#live-pulse [data-pulse-age]");
    if (age && document.body.dataset.live === "live") age.textContent = fill(words.pulse, { seconds: (silent / 1000).toFixed(1) });
  }

  function pulsed() {
    const pulse = document.getElementById("live-pulse");
    if (!pulse || pulse.dataset.asOf === pulsed.last) return;
    pulsed.last = pulse.dataset.asOf;
    lastPulse = Date.now();
    const off = lastPulse - 1000 * Number(pulse.dataset.asOf);
    skew = Math.abs(off) > 2000 ? off : 0;
    say("live");
    markStale(pulse.dataset.stale.split(" "));
  }

  function markStale(ids) {
    for (const region of document.querySelectorAll("[data-region]")) {
      region.toggleAttribute("data-stale", ids.includes(region.id));
    }
  }

  function signOut() {
    signedOut = true;
    const link = document.createElement("a");
    link.href = `${words.sign_in_url}?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = words.sign_in;
    say("off");
    show("off", words.off, link);
  }

  // --- ages ------------------------------------------------------------------------------------------------------

  function lasting(seconds) {
    const [d, h, m] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
    if (d) return fill(h ? words.d_h : words.d, { d, h });
    if (h) return fill(m ? words.h_m : words.h, { h, m });
    return m ? fill(words.m, { m }) : fill(words.s, { s: Math.floor(seconds) });
  }

  // The last minutes of a deadline by the second, as dashboard/templatetags/times.py says them.
  function left(seconds) {
    const [m, s] = [Math.floor(seconds / 60), Math.floor(seconds) % 60];
    return m && m < 5 && s ? fill(words.m_s, { m, s }) : lasting(seconds);
  }

  function due(time, left_) {
    const near = left_ <= 0 ? "late" : left_ < 300 ? "now" : left_ < 3600 ? "soon" : "";
    if ((time.dataset.due ?? "") !== near) near ? (time.dataset.due = near) : delete time.dataset.due;
    return left_ <= 0 ? fill(words.late, { time: lasting(-left_) }) : fill(words.due, { time: left(left_) });
  }

  // As a clock shows it: 0:24, and nought once it is over.
  function countdown(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    return whole < 3600 ? `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}` : lasting(whole);
  }

  function aged(time) {
    const gone = (Date.now() - skew - Date.parse(time.dateTime)) / 1000;
    if (time.dataset.age === "left") return countdown(-gone);
    if (time.dataset.age === "due") return due(time, -gone);
    if (time.dataset.age === "since" && gone < 60) return fill(words.ago, { time: lasting(Math.max(0, gone)) });
    return gone < 60 ? words.now : fill(words.ago, { time: lasting(gone) });
  }

  function age() {
    if (!socket) return;
    for (const time of document.querySelectorAll("time[data-age][datetime]")) {
      const text = aged(time);
      if (time.textContent !== text) time.textContent = text;
    }
  }

  // --- what a swap would lose: the focus, what was folded open, and the place of what is being typed ---------------

  const detailsKey = (details) => details.id || details.querySelector("summary")?.textContent.trim() || "";
  const regionOf = (element) => element.closest("[data-region]")?.id;
  let held = null;

  function hold() {
    const active = document.activeElement;
    const inside = active?.id && regionOf(active);
    held = {
      focus: inside ? active.id : null,
      typing: active?.matches(TYPED) ? { field: active, top: active.getBoundingClientRect().top } : null,
      open: [...document.querySelectorAll("[data-region] details")].map((one) => [regionOf(one), detailsKey(one), one.open]),
    };
  }

  function restore() {
    for (const [region, key, open] of held?.open ?? []) {
      const all = document.getElementById(region)?.querySelectorAll("details") ?? [];
      for (const one of all) if (key && detailsKey(one) === key) one.open = open;
    }
    const wanted = held?.focus && document.getElementById(held.focus);
    if (wanted && wanted !== document.activeElement) wanted.focus({ preventScroll: true });
    keepInPlace(held?.typing);
    held = null;
  }

  // What others write above it must not push a field away from whoever types into it.
  function keepInPlace(typing) {
    if (!typing || typing.field !== document.activeElement) return;
    const moved = typing.field.getBoundingClientRect().top - typing.top;
    if (moved) window.scrollBy({ top: moved, behavior: "instant" });
  }

  // --- forms: never in a region, so the page fetches another when its state wants another --------------------------

  const trying = new WeakMap();
  const TYPED = "textarea[name], input[type=text][name], input:not([type])[name], input[type=hidden][name=comment]";
  const same = (holder, field) => [...holder.querySelectorAll(TYPED)].filter((one) => one.name === field.name);

  function typed(holder) {
    return [...holder.querySelectorAll(TYPED)]
      .filter((field) => field.value !== field.defaultValue || field.type === "hidden" || field === document.activeElement)
      .map((field) => ({
        field,
        place: same(holder, field).indexOf(field),
        focused: field === document.activeElement,
        selection: [field.selectionStart, field.selectionEnd],
      }));
  }

  function putBack(holder, kept) {
    for (const { field, place, focused, selection } of kept) {
      const fields = same(holder, field);
      const now = fields[place] ?? fields[0];
      if (!now) {
        showUnsent(holder, field.value, focused);
        continue;
      }
      now.value = field.value;
      if (!focused) continue;
      now.focus({ preventScroll: true });
      now.setSelectionRange(...selection);
    }
  }

  // There is no form any more for what was being typed: it is shown, so that it can be copied.
  function showUnsent(holder, text, focused) {
    if (!text.trim()) return;
    const note = document.createElement("p");
    const quote = document.createElement("q");
    note.className = "said unsent";
    note.tabIndex = -1;
    quote.textContent = text;
    note.append(words.unsent, " ", quote);
    holder.append(note);
    if (focused) note.focus({ preventScroll: true });
  }

  // A button that changes its meaning under the finger must not take the click that was meant for the old one.
  function pauseButtons(holder) {
    const buttons = [...holder.querySelectorAll("button:enabled, input[type=submit]:enabled")];
    for (const button of buttons) button.disabled = true;
    setTimeout(() => buttons.forEach((button) => (button.disabled = false)), 700);
  }

  async function renew(holder, version) {
    trying.set(holder, Date.now());
    const answer = await fetch(holder.dataset.formUrl, { headers: { "HX-Request": "true" } });
    if (!answer.ok || answer.redirected) return false;
    const html = await answer.text();
    if (!holder.isConnected || busy(holder)) return false;
    const kept = typed(holder);
    htmx.swap(holder, html, { swapStyle: "innerHTML" });
    holder.dataset.formVersion = version;
    putBack(holder, kept);
    pauseButtons(holder);
    trying.delete(holder);
    return true;
  }

  // For a page whose form was refused as too old.
  window.leitstand = { renewForm: (holder) => renew(holder, holder.dataset.formVersion).catch(() => false) };

  const busy = (holder) => holder.closest(".htmx-request") || holder.querySelector(".htmx-request");
  const wants = (region) => region?.querySelector("[data-form-version]")?.dataset.formVersion;

  function renewForms() {
    for (const holder of document.querySelectorAll("[data-form-for]")) {
      const region = [...document.querySelectorAll("[data-region]")].find((one) => one.dataset.region === holder.dataset.formFor);
      const version = wants(region);
      const waiting = Date.now() - (trying.get(holder) ?? 0) < 3000;
      if (version === undefined || version === holder.dataset.formVersion || waiting || busy(holder)) continue;
      renew(holder, version).catch(() => {}); // no network: asked again with a coming pulse
    }
  }

  // --- the beat --------------------------------------------------------------------------------------------------

  document.addEventListener("htmx:wsBeforeMessage", hold);
  document.addEventListener("htmx:wsAfterMessage", () => {
    restore();
    pulsed();
    age();
    look();
    renewForms();
  });
  document.addEventListener("htmx:wsClose", ({ detail }) => {
    if (detail.event.code === SIGNED_OUT) signOut();
    else if (!RETRIED_BY_HTMX.includes(detail.event.code)) setTimeout(() => socket.isConnected && detail.socketWrapper.reconnect(), 1000);
  });
  document.addEventListener("htmx:afterSwap", age);

  if (window.htmx) htmx.config.wsReconnectDelay = (tries) => Math.min(5000, 500 * 2 ** tries) * (0.5 + Math.random() / 2);
  setInterval(() => {
    look();
    age();
  }, 1000);
  age();
})();
