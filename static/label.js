// Labelling by keyboard: one card is active; digits choose in it, a letter or Enter sends its form, and the
// next card is active before the answer is there. templates/curation/label_list.html tells the keys.
"use strict";

const TYPING = "input:not([type=hidden], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const OWN_ENTER = "a, button, summary";

let active = null; // id of the card that keys act on
let side = 0; // of a migration
let waiting = 0; // requests that have no answer yet
let leavingTo = null; // a page to go to once all are answered

const cards = () => [...document.querySelectorAll("[data-card]")];
const card = () => document.getElementById(active);
const parts = () => [...card().querySelectorAll("[data-part]")];
const boxes = (within) => [...within.querySelectorAll("[data-digit]")];
const hasChoice = (within) => boxes(within).some((box) => box.checked);
const isBusy = (one) => one.getAttribute("aria-busy") === "true";

// What the page itself has to say: apart from answers, which come when they come.
function say(text) {
  document.getElementById("label-hint").textContent = text;
}

function mark() {
  for (const one of cards()) {
    const here = one.id === active;
    one.classList.toggle("active", here);
    if (here) one.setAttribute("aria-current", "true");
    else one.removeAttribute("aria-current");
    const fields = [...one.querySelectorAll("[data-part]")];
    fields.forEach((part, n) => part.classList.toggle("active", here && fields.length > 1 && n === side));
  }
}

function activate(id, show = true) {
  active = id;
  side = 0;
  mark();
  if (!show) return;
  card().focus({ preventScroll: true });
  card().scrollIntoView({ block: "start" });
}

function move(step) {
  const all = cards();
  const next = all[all.findIndex((one) => one.id === active) + step];
  if (next) {
    activate(next.id);
    return;
  }
  const link = document.querySelector(step > 0 ? "a[rel=next]" : "a[rel=prev]");
  if (!link) say(step > 0 ? "This was the last one." : "This is the first one.");
  else if (waiting) leavingTo = link.href;
  else location.assign(link.href);
}

function send(act) {
  const one = card();
  const button = one.querySelector(`[data-act=${act}]`);
  if (!button) return false;
  one.setAttribute("aria-busy", "true");
  button.click(); // not requestSubmit: htmx learns from the click which button it was
  return true;
}

// What stands together in one part: "all" alone, one generation alone where there can be only one.
function exclude(part, changed) {
  for (const box of boxes(part)) {
    const alone = "one" in part.dataset || box.value === "all" || changed.value === "all";
    if (box !== changed && changed.checked && alone) box.checked = false;
  }
}

function choose(digit) {
  const part = parts()[side];
  if (!part) return;
  if (digit === "6" && !("one" in part.dataset)) {
    const both = ["bbj-gui", "dwc"];
    const chosen = boxes(part).filter((box) => box.checked).map((box) => box.value);
    const same = chosen.length === 2 && both.every((word) => chosen.includes(word));
    for (const box of boxes(part)) box.checked = !same && both.includes(box.value);
    return;
  }
  const box = boxes(part).find((one) => one.dataset.digit === digit);
  if (!box) {
    say("This side cannot have that label.");
    return;
  }
  box.checked = !box.checked;
  exclude(part, box);
  if ("one" in part.dataset && box.checked && side + 1 < parts().length) {
    side += 1;
    mark();
  }
}

function act(key) {
  if (isBusy(card())) {
    say("Still saving this one.");
    return true;
  }
  const chosen = hasChoice(card());
  if (/^[1-6]$/.test(key)) choose(key);
  else if (key === "enter" && chosen) send("choose") && move(1);
  else if (key === "s" || key === "enter") {
    if (send("accept")) move(1);
    else say("The traces leave it open: choose with 1 to 6.");
  } else if (key === "c") send("confirm") && move(1);
  else if (key === "x") {
    for (const box of boxes(card())) box.checked = false;
    move(1);
  } else if (key === "b" && parts().length > 1) {
    side = 1 - side;
    mark();
  } else return false;
  return true;
}

function press(key) {
  if (key === "j" || key === "k") {
    if (hasChoice(card()) && !isBusy(card())) send("choose");
    move(key === "j" ? 1 : -1);
    return true;
  }
  if (key === "o") {
    card().querySelector("[data-open]").click();
    return true;
  }
  return act(key);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches(TYPING)) event.target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest(TYPING)) return;
  const key = event.key.toLowerCase();
  if (key === "enter" && event.target.closest(OWN_ENTER)) return;
  if (key === "/") {
    event.preventDefault();
    document.getElementById("id_q").focus();
    return;
  }
  say("");
  const named = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
  if (named) named.click();
  if (named || (card() && press(key))) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-digit]")) exclude(event.target.closest("[data-part]"), event.target);
});

document.addEventListener("focusin", (event) => {
  const one = event.target.closest("[data-card]");
  if (one && one.id !== active) activate(one.id, false);
});

document.addEventListener("submit", (event) => {
  event.target.closest("[data-card]")?.setAttribute("aria-busy", "true");
});

document.addEventListener("htmx:beforeRequest", () => {
  waiting += 1;
});

document.addEventListener("htmx:afterRequest", (event) => {
  waiting -= 1;
  const one = event.detail.elt.closest("[data-card]");
  if (!event.detail.successful) {
    leavingTo = null;
    if (one) one.removeAttribute("aria-busy");
    if (event.detail.xhr.status !== 422) say("Not saved: the studio gives no answer now. Try it again.");
    if (one) activate(one.id);
  }
  if (leavingTo && !waiting) location.assign(leavingTo);
});

document.addEventListener("htmx:afterSettle", () => {
  if (!card()) return;
  mark();
  if (document.activeElement === document.body) card().focus({ preventScroll: true });
});

document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target.matches?.("[data-card]")) activate(event.detail.target.id);
});

const first = document.querySelector(`${location.hash.match(/^#card-\d+$/)?.[0] ?? "[data-card]"}`);
if (first) activate((first.matches("[data-card]") ? first : cards()[0]).id, Boolean(location.hash));
