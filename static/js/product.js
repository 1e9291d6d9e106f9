// A product's photos: keys act on the photo in focus, and photos are dragged into another order.
import { say } from "./toasts.js";

let dragged = null;

const section = () => document.getElementById("product-photos");
const photos = () => [...section().querySelectorAll("[data-photo]")];

// Keys belong to the controls of one photo at a time, the one that has the focus.
function follow(target) {
  const photo = target.closest?.("[data-photo]");
  if (!photo) return;
  for (const control of document.querySelectorAll("[data-own-key]")) {
    if (photo.contains(control)) control.dataset.key = control.dataset.ownKey;
    else delete control.dataset.key;
  }
  for (const other of photos()) other.classList.toggle("in-focus", other === photo);
}

function send() {
  window.htmx.ajax("POST", section().dataset.orderUrl, {
    target: "#product-photos",
    swap: "outerHTML",
    values: {
      order: photos().map((photo) => photo.dataset.photo),
      csrfmiddlewaretoken: section().querySelector("[name=csrfmiddlewaretoken]").value,
    },
  });
}

function draggable() {
  if (!section().querySelector(".photo-tools")) return;
  for (const photo of photos()) photo.draggable = true;
}

document.addEventListener("focusin", (event) => follow(event.target));

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-photo]");
  if (!dragged) return;
  dragged.classList.add("dragged");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.name);
});

document.addEventListener("dragover", (event) => {
  const over = dragged && event.target.closest?.("[data-photo]");
  if (!dragged) return;
  event.preventDefault();
  if (!over || over === dragged) return;
  const all = photos();
  over[all.indexOf(over) > all.indexOf(dragged) ? "after" : "before"](dragged);
});

document.addEventListener("drop", (event) => {
  if (dragged) event.preventDefault();
});

document.addEventListener("dragend", () => {
  if (!dragged) return;
  dragged.classList.remove("dragged");
  dragged = null;
  send();
});

// What opens takes the focus to its first field; Escape closes it and gives the focus back.
document.addEventListener("toggle", (event) => {
  if (!event.target.open) return;
  const field = event.target.querySelector?.("textarea, input[type=text]");
  field?.focus();
  field?.select();
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = event.target.closest?.("[data-photo] details[open], .alt-edit[open]");
  if (!open) return;
  open.open = false;
  (open.closest("[data-photo]")?.querySelector("[data-item]") ?? open.querySelector("summary")).focus();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (!section()) return;
  draggable();
  const focused = document.activeElement?.closest?.("[data-photo]");
  if (focused) follow(document.activeElement);
  const said = section().querySelector("[role=status]");
  if (said && event.target.id === "product-photos") say(said.textContent);
  const saved = event.target.closest?.("[data-photo]");
  if (saved && event.target.classList?.contains("alt-text")) saved.querySelector("[data-item]").focus();
});

draggable();
document.documentElement.dataset.productReady = "";
