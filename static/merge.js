// Keys on the page of conflicts: 1, 2, 3 choose at the conflict that has the focus, or at the first open one,
// and go on to the next open one; J and K move. Without this script the radio buttons do the same.
"use strict";

const places = [...document.querySelectorAll("[data-conflict]")];
const chosen = (place) => place.querySelector("input[type=radio]:checked");
const focus = (place) => (chosen(place) || place.querySelector("input[type=radio]")).focus();

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const key = event.key.toLowerCase();
  const here = places.findIndex((place) => place.contains(document.activeElement));
  if (key === "j" || key === "k") {
    focus(places[Math.max(0, Math.min(places.length - 1, here + (key === "j" ? 1 : -1)))]);
    return;
  }
  const place = places[here] || places.find((one) => !chosen(one)) || places[0];
  const button = [...place.querySelectorAll("input[type=radio]")].find((one) => one.dataset.choose === key);
  if (!button) return;
  event.preventDefault();
  button.checked = true;
  button.focus();
  const next = places.find((one) => !chosen(one));
  if (next) focus(next);
  else document.querySelector("[data-combine]").focus();
});
