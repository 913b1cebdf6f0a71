// The list of examples by keyboard: J and K go from row to row, past the last one to the next page; X or the space
// bar ticks the row. Enter opens, as it does with any link. Loaded after review.js, whose TYPING says where keys are
// letters.
"use strict";

const table = () => document.getElementById("example-table");
const ticks = () => [...table().querySelectorAll("[name=id]")];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPING)) return;
  const key = event.key.toLowerCase();
  const row = document.activeElement.closest("#example-table tbody tr");
  if (key === "j" || key === "k") go(key === "j" ? 1 : -1, row);
  else if (row && (key === "x" || (key === " " && document.activeElement.matches("[data-row]")))) tick(row);
  else return;
  event.preventDefault();
});

function go(step, row) {
  const rows = [...table().querySelectorAll("[data-row]")];
  const here = rows.indexOf(row?.querySelector("[data-row]"));
  const next = here < 0 ? rows[step > 0 ? 0 : rows.length - 1] : rows[here + step];
  (next ?? table().querySelector(step > 0 ? "[rel=next]" : "[rel=prev]"))?.focus();
}

function tick(row) {
  const box = row.querySelector("[name=id]");
  box.checked = !box.checked;
  showTicks();
}

function showTicks() {
  const boxes = ticks();
  const ticked = boxes.filter((box) => box.checked).length;
  const all = table().querySelector("[data-all]");
  if (!all) return;
  all.hidden = false;
  all.checked = ticked === boxes.length;
  all.indeterminate = ticked > 0 && ticked < boxes.length;
  table().querySelector("[data-ticked]").textContent = ticked || "";
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) for (const box of ticks()) box.checked = event.target.checked;
  if (event.target.matches("[data-all], [name=id]")) showTicks();
});

// The saved views stand outside of what a filter swaps, so the one that is shown is marked anew.
document.addEventListener("htmx:afterSwap", () => {
  showTicks();
  const query = table().dataset.query;
  for (const view of document.querySelectorAll("#views [data-query]")) {
    if (view.dataset.query === query) view.setAttribute("aria-current", "true");
    else view.removeAttribute("aria-current");
  }
});
window.addEventListener("pageshow", showTicks); // a browser that goes back brings the ticks back too
