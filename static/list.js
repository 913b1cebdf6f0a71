// The list of examples by keyboard: J and K go from row to row, past the last one to the next page. Enter opens, as
// it does with any link. Loaded after review.js, whose TYPING says where keys are letters.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPING)) return;
  const step = { j: 1, k: -1 }[event.key.toLowerCase()];
  if (!step) return;
  const rows = [...document.querySelectorAll("#example-table [data-row]")];
  const here = rows.indexOf(document.activeElement.closest("tr")?.querySelector("[data-row]"));
  const next = here < 0 ? rows[step > 0 ? 0 : rows.length - 1] : rows[here + step];
  const page = document.querySelector(step > 0 ? "#example-table [rel=next]" : "#example-table [rel=prev]");
  (next ?? page)?.focus();
  event.preventDefault();
});

// The saved views stand outside of what a filter swaps, so the one that is shown is marked anew.
document.addEventListener("htmx:afterSwap", () => {
  const query = document.getElementById("example-table").dataset.query;
  for (const view of document.querySelectorAll("#views [data-query]")) {
    if (view.dataset.query === query) view.setAttribute("aria-current", "true");
    else view.removeAttribute("aria-current");
  }
});
