// One key for each element with data-key: pressed outside text fields, it does what a click does.
// Where a reason is needed and missing, the key goes to the reason instead, and Ctrl Enter sends it with the
// verdict that asked for it; Escape leaves a text field. A key that opens a form goes on into its first field, so
// that the next letters are text, not decisions. After each step the focus is on the new heading, and #says tells
// what was done.
"use strict";

const TYPING = "input:not([type=hidden], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";
// What arrives by itself (data-aside: the counts of the saved views) is no step of the person's.
const UNDER_WAY =
  ":is(.htmx-request, .htmx-swapping, .htmx-added, .htmx-settling):not([data-aside], [data-aside] *)";
let asking = null; // the button of the verdict that waits for its reason

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches(TYPING)) {
    event.target.blur();
    return;
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
    event.preventDefault();
    send(event.target.form);
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest(TYPING)) return;
  const key = event.key.toLowerCase();
  const wanted = [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key === key);
  if (!wanted || document.querySelector(UNDER_WAY)) return; // the step before
  event.preventDefault();
  const reason = wanted.form && wanted.form.querySelector("[data-reason]");
  if (wanted.matches(TYPING)) {
    wanted.focus();
  } else if ("needsReason" in wanted.dataset && reason && !reason.value.trim()) {
    asking = wanted;
    if (wanted.value === "request_changes") reason.value = objection(wanted.form);
    reason.focus();
    reason.setSelectionRange(reason.value.length, reason.value.length);
  } else {
    wanted.click();
    if (wanted.matches("summary")) wanted.parentElement.querySelector(TYPING)?.focus();
  }
});

function send(form) {
  const button = asking && asking.form === form ? asking : form.querySelector("[data-needs-reason]");
  if (button) button.click();
  else form.requestSubmit();
}

// The reviewer's label where it is not the text's. The server writes the same words (curation/domain/labels.py).
function vote(form) {
  const chosen = form.querySelector("[name=generations]:checked");
  return chosen && "label" in form.dataset && chosen.value !== form.dataset.label ? chosen.value : "";
}

function objection(form) {
  const words = (label) => label.split(" ").join(", ");
  const other = vote(form);
  return other && `generation: ${words(other)} instead of ${words(form.dataset.label)}`;
}

function showDifference(form) {
  const note = form && form.querySelector("[data-differs]");
  if (note) note.hidden = !vote(form);
}

document.addEventListener("change", (event) => {
  if (event.target.name === "generations") showDifference(event.target.form);
});

function arrive() {
  asking = null;
  document.querySelectorAll("form[data-label]").forEach(showDifference);
}

document.addEventListener("htmx:afterSettle", (event) => {
  arrive();
  const screen = document.querySelector("#review-screen");
  if (!screen || (event.target !== screen && !event.target.contains(screen))) return;
  const wrong = screen.querySelector("[aria-invalid=true]");
  (wrong || screen.querySelector("h1")).focus();
  const told = screen.querySelectorAll(":scope > .notice, [role=alert], h1, [data-place]");
  document.querySelector("#says").textContent = [...told].map((element) => element.textContent.trim()).join(". ");
});

arrive();
