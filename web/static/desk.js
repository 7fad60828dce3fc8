// What every page of the desk shares. Pages work without it.
"use strict";

// On a phone the menu is wider than the screen: the page one is on stays in sight.
document.querySelector("header [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// After a part of the page was replaced, the keyboard stays where it was: on the element of the
// same id, or on what the answer marks with data-focus.
let before = "";
document.addEventListener("htmx:beforeSwap", () => {
  const focused = document.activeElement;
  before = focused && focused.id ? focused.id : "";
});
document.addEventListener("htmx:afterSettle", (event) => {
  const wanted = event.target.querySelector?.("[data-focus]") || (before && document.getElementById(before));
  if (wanted && wanted !== document.activeElement && (document.activeElement === document.body || wanted.hasAttribute("data-focus"))) {
    wanted.focus({ preventScroll: !wanted.hasAttribute("data-focus") });
  }
});

// A new attempt begins with a clean slate.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.requestConfig.verb === "get") return;
  const trouble = document.getElementById("trouble");
  if (trouble) trouble.textContent = "";
});
document.addEventListener("htmx:sendError", (event) => {
  const trouble = document.getElementById("trouble");
  const itself = event.detail.elt?.id === "board"; // nobody has pressed anything
  if (trouble) trouble.textContent = itself
    ? "This page does not reach the server. It tries again by itself."
    : "This page does not reach the server. Load it again in a moment, and look whether what you did has gone through.";
});
