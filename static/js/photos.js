// Correcting many photos at once. Photos are selected by ticking them, by Shift and a click for all
// between, or by keys; where none is selected, a step is for the photo in focus, and the focus goes
// on to the next one. The server draws the photos that changed; nothing moves.
import { keysAreOn } from "./keys.js";
import "./strips.js";

const grid = document.getElementById("grid");
const form = document.querySelector("[data-bulk]");
const filters = document.querySelector("[data-photo-filters]");

const photos = () => [...grid.children];
const boxOf = (photo) => photo?.querySelector("[name=photo]");
const boxes = () => photos().map(boxOf).filter(Boolean);
const photoOf = (element) => element?.closest?.("#grid > li");

let at = -1; // the photo that had the focus last
let anchor = -1; // where a range begins
let alone = false; // the step was for the photo in focus only
let ahead = []; // steps of somebody who is quicker than the server

function count() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked).length;
  const text = form.querySelector("[data-selected-text]");
  text.textContent = chosen
    ? `${chosen} of ${all.length} selected`
    : "Tick photos, or press a key on the one in focus";
  text.classList.toggle("some", chosen > 0);
  form.querySelector("[data-select-all]").setAttribute("aria-pressed", String(chosen > 0 && chosen === all.length));
}

function tick(box, checked) {
  if (box) box.checked = checked;
}

// From where the last one was ticked up to here, as that one is.
function range(to) {
  const all = photos();
  const from = anchor < 0 ? to : anchor;
  const checked = boxOf(all[from])?.checked ?? true;
  for (const photo of all.slice(Math.min(from, to), Math.max(from, to) + 1)) {
    tick(boxOf(photo), from === to || checked);
  }
  count();
}

function toggle(index) {
  const box = boxOf(photos()[index]);
  if (!box) return;
  box.checked = !box.checked;
  anchor = index;
  count();
}

function focus(index) {
  const all = photos();
  const photo = all[Math.max(0, Math.min(index, all.length - 1))];
  photo?.querySelector("[data-item]")?.focus();
}

function clicked(event) {
  const photo = photoOf(event.target);
  if (photo) {
    const index = photos().indexOf(photo);
    if (event.shiftKey && boxOf(photo)) {
      event.preventDefault();
      // The browser puts a box back that a click was kept from.
      setTimeout(() => range(index));
    } else if (event.target.name === "photo") {
      anchor = index;
      count();
    }
    return;
  }
  if (event.target.closest("[data-select-all]")) {
    const all = boxes();
    const checked = !all.every((box) => box.checked);
    for (const box of all) box.checked = checked;
    count();
  } else if (event.target.closest("[data-select-one]") && at >= 0) {
    toggle(at);
  } else if (event.target.closest("[name=step]")) {
    if (form.matches(".htmx-request")) {
      event.preventDefault();
      event.stopPropagation();
      ahead.push(event.target.closest("[name=step]"));
      return;
    }
    alone = at >= 0 && !boxes().some((box) => box.checked);
    if (alone) tick(boxOf(photos()[at]), true);
  }
}

function pressed(event) {
  if (event.target === form.elements.name && event.key === "Enter") {
    event.preventDefault(); // the form's first button is not always the one that is meant
    form.querySelector("[value=replace]").click();
  }
  if (event.target.name === "photo" && event.key === "Enter") {
    event.preventDefault();
    event.target.click();
  }
  const key = form.querySelector("[data-select-one]").dataset.key;
  const typing = event.target.matches?.("input:not([type=checkbox]), textarea, select");
  if (!event.shiftKey || typing || event.key.toLowerCase() !== key || !keysAreOn() || at < 0) return;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  event.stopPropagation();
  range(at);
  anchor = at;
}

function answered() {
  const inGrid = document.activeElement === document.body || form.contains(document.activeElement);
  const failed = document.querySelector("#fix-state[data-failed]");
  for (const box of boxes()) if (!failed) box.checked = false;
  if (alone && failed) tick(boxOf(photos()[at]), false);
  if (!failed) {
    form.elements.name.value = "";
    form.querySelector("[data-strip]").open = false;
  }
  anchor = -1;
  count();
  if (at >= 0 && inGrid && !failed) focus(at + (alone ? 1 : 0));
  alone = false;
  if (failed) ahead = [];
  const next = ahead.shift();
  if (next) setTimeout(() => next.click());
}

function start() {
  grid.addEventListener("focusin", (event) => {
    at = photos().indexOf(photoOf(event.target));
    for (const photo of photos()) photo.classList.toggle("at", photo === photos()[at]);
  });
  grid.addEventListener("change", count);
  document.addEventListener("click", clicked, true);
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt?.id === "fix-state" || event.target.id === "fix-state") answered();
  });
  count();
}

filters?.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) filters.requestSubmit();
});
// Empty fields would only make the address long.
filters?.addEventListener("submit", () => {
  for (const field of filters.elements) if (field.name && !field.value) field.disabled = true;
});
window.addEventListener("pageshow", () => {
  for (const field of filters?.elements ?? []) field.disabled = false;
});
if (grid && form) start();
