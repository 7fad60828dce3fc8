// The board with a pointer, with single keys, and brought up to date by itself. It works without.
"use strict";

const EVERY = 15; // seconds between two looks
const STALE = 60;
const dialog = document.getElementById("mover");
const panel = document.getElementById("mover-panel");
let fresh = Date.now();
let current = ""; // the id of the card that Tab reaches
let follow = ""; // the card to go to once the board has been read again
let dragged = null;
let opener = null;

const board = () => document.getElementById("board");
const cards = () => [...document.querySelectorAll("#board .card")];
const lists = () => [...document.querySelectorAll("#board .lane, #board .column")]
  .map((column) => [...column.querySelectorAll(".card")]).filter((list) => list.length);
const link = (card) => card.querySelector(".open");
const cardOf = (element) => element?.closest?.("#board .card") ?? null;

// --- one stop for Tab: the card somebody was at last ---------------------------------------------

function rove() {
  const all = cards();
  const chosen = all.find((card) => card.dataset.id === current) ?? all[0];
  for (const card of all) {
    const here = card === chosen;
    card.querySelectorAll("a").forEach((one) => { one.tabIndex = here ? 0 : -1; });
  }
  current = chosen?.dataset.id ?? "";
}

function go(card) {
  if (!card) return;
  current = card.dataset.id;
  rove();
  link(card).focus();
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function beside(card, step) {
  const all = lists();
  const at = all.findIndex((list) => list.includes(card));
  const next = all[at + step];
  if (!next) return null;
  const top = card.getBoundingClientRect().top;
  return next.reduce((best, one) =>
    Math.abs(one.getBoundingClientRect().top - top) < Math.abs(best.getBoundingClientRect().top - top) ? one : best);
}

function along(card, step) {
  const list = lists().find((one) => one.includes(card));
  return list[list.indexOf(card) + step] ?? null;
}

document.addEventListener("focusin", (event) => {
  const card = cardOf(event.target);
  if (card && card.dataset.id !== current) {
    current = card.dataset.id;
    rove();
  }
});

// --- keys ----------------------------------------------------------------------------------------

const keysOn = document.getElementById("keys-on");
const typing = (element) => element.matches?.("input, select, textarea");
try { keysOn.checked = localStorage.getItem("keys") !== "off"; } catch { /* no storage: on */ }
keysOn.addEventListener("change", () => {
  try { localStorage.setItem("keys", keysOn.checked ? "on" : "off"); } catch { /* for this page */ }
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
  const card = cardOf(document.activeElement);
  const arrows = { ArrowDown: () => along(card, 1), ArrowUp: () => along(card, -1),
    ArrowRight: () => beside(card, 1), ArrowLeft: () => beside(card, -1) };
  if (card && arrows[event.key]) {
    event.preventDefault();
    go(arrows[event.key]());
    return;
  }
  if (!keysOn.checked || typing(document.activeElement)) return;
  const letters = {
    "/": () => document.getElementById("search"),
    m: () => card?.querySelector(".move"),
    u: () => document.getElementById("undo"),
  };
  const target = letters[event.key]?.();
  if (!target) return;
  event.preventDefault();
  if (event.key === "/") target.focus(); else target.click();
});

// --- moving --------------------------------------------------------------------------------------

function openMover(id, to) {
  opener = document.getElementById(`move-${id}`);
  panel.textContent = "Loading…";
  if (!dialog.open) dialog.showModal();
  const address = `/referrals/${id}/move`;
  htmx.ajax("GET", address, { target: "#mover-panel", swap: "innerHTML" }).then(() => unfold(to));
}

function unfold(title) {
  const ways = [...panel.querySelectorAll(".way")];
  const wanted = ways.find((way) => way.dataset.title === title);
  if (wanted) wanted.open = true;
  const first = wanted?.querySelector("input:not([type=hidden]), select, button") ?? panel.querySelector("summary, a");
  first?.focus();
}

document.addEventListener("click", (event) => {
  const move = event.target.closest?.("#board .move");
  if (!move || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  openMover(cardOf(move).dataset.id, "");
});

dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => {
  if (follow) return;
  const again = opener && document.getElementById(opener.id);
  (again ?? document.getElementById("main")).focus();
});
panel.addEventListener("toggle", (event) => {
  if (event.target.open) event.target.querySelector("input:not([type=hidden]), select, button")?.focus();
}, true);

document.addEventListener("moved", (event) => {
  follow = event.detail.id;
  current = follow;
  if (dialog.open) dialog.close();
  look(true);
});

// --- the pointer ---------------------------------------------------------------------------------

document.addEventListener("dragstart", (event) => {
  dragged = cardOf(event.target);
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.id);
  dragged.classList.add("dragged");
  board().classList.add("dragging");
  const legal = dragged.dataset.targets.split(" ");
  document.querySelectorAll("#board .column").forEach((column) =>
    column.classList.toggle("legal", legal.includes(column.dataset.stage)));
});

function target(event) {
  const column = event.target.closest?.("#board .column");
  return dragged && column?.classList.contains("legal") ? column : null;
}

document.addEventListener("dragover", (event) => {
  const column = target(event);
  document.querySelectorAll("#board .over").forEach((one) => { if (one !== column) one.classList.remove("over"); });
  if (!column) return;
  event.preventDefault();
  column.classList.add("over");
});

document.addEventListener("drop", (event) => {
  const column = target(event);
  if (!column) return;
  event.preventDefault();
  const title = column.querySelector("h2").firstChild.textContent.trim();
  openMover(dragged.dataset.id, title);
});

document.addEventListener("dragend", () => {
  dragged?.classList.remove("dragged");
  dragged = null;
  board().classList.remove("dragging");
  document.querySelectorAll("#board .over").forEach((one) => one.classList.remove("over"));
});

// --- up to date ----------------------------------------------------------------------------------

const busy = () => document.hidden || dragged || dialog.open || typing(document.activeElement);

function look(asked) {
  if (!asked && busy()) return;
  htmx.trigger(board(), "refresh");
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id === "board" && follow) event.detail.headers["x-asked-by"] = "person";
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt.id === "board" && event.detail.successful) fresh = Date.now();
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "board" && event.detail.elt?.id !== "board") return;
  rove();
  if (!follow) return;
  const card = document.getElementById(`card-${follow}`);
  follow = "";
  if (card) go(card); else document.getElementById("main").focus();
});

setInterval(() => look(false), EVERY * 1000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(false); });
setInterval(() => {
  const seconds = Math.round((Date.now() - fresh) / 1000);
  const said = seconds < 60 ? `${Math.floor(seconds / 5) * 5} s` : `${Math.floor(seconds / 60)} min`;
  document.getElementById("fresh").textContent = seconds < 5 ? "Updated just now" : `Updated ${said} ago`;
  document.getElementById("stale").hidden = seconds < STALE || busy();
}, 5000);

rove();
