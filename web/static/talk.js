// Ready-made texts are put where the cursor is. The page works without: they are listed there.
"use strict";

for (const box of document.querySelectorAll("[data-canned]")) {
  const field = document.getElementById(box.dataset.canned);
  if (!field) continue;
  box.hidden = false;
  box.addEventListener("click", (event) => {
    const words = event.target.closest("[data-words]")?.dataset.words;
    if (!words) return;
    const gap = field.value && !/\s$/.test(field.value.slice(0, field.selectionStart)) ? " " : "";
    field.setRangeText(gap + words, field.selectionStart, field.selectionEnd, "end");
    field.focus();
  });
}
