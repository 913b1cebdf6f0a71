// One key for each element with data-key: pressed outside text fields, it does what a click does.
// Where a reason is needed and missing, the key goes to the reason instead; Escape leaves a text field.
// A key that opens a form goes on into its first field, so that the next letters are text, not decisions.
"use strict";

const TYPING = "input:not([type=hidden], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches(TYPING)) {
    event.target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest(TYPING)) return;
  const key = event.key.toLowerCase();
  const wanted = [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key === key);
  if (!wanted) return;
  event.preventDefault();
  const reason = wanted.form && wanted.form.querySelector("[data-reason]");
  if (wanted.matches(TYPING)) {
    wanted.focus();
  } else if ("needsReason" in wanted.dataset && reason && !reason.value.trim()) {
    reason.focus();
  } else {
    wanted.click();
    if (wanted.matches("summary")) wanted.parentElement.querySelector(TYPING)?.focus();
  }
});
