// Searching: filters apply as they are chosen, a picture may be dropped anywhere, and a key asks
// for more like the photo in focus.
import { filesFrom } from "./dropped.js";
import { say } from "./toasts.js";

const KEPT = "vitrine.picture"; // of this tab: digest and a small copy, for none is on the server
const SIDE = 80; // pixels of that copy

const form = document.querySelector("[data-search]");
const pictures = document.querySelector("[data-picture-form]");
const veil = document.querySelector("[data-drop-veil]");
const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

const moreKey = document.querySelector("[data-more-key]")?.dataset.moreKey ?? "m";

function follow() {
  document.addEventListener("focusin", (event) => {
    const more = event.target.closest?.("[data-list] > li")?.querySelector("[data-more]");
    for (const other of document.querySelectorAll("[data-more][data-key]")) delete other.dataset.key;
    if (more) more.dataset.key = moreKey;
  });
  // Cards that came later: on with the first of them, where the button was.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const more = event.target.closest?.(".results > .more");
    if (!more || event.detail.isError) return;
    const at = more.parentElement.children.length - 1;
    const list = more.parentElement;
    document.addEventListener("htmx:afterSettle", () => {
      list.children[at]?.querySelector("[data-item]")?.focus();
    }, { once: true });
  });
}

function search() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-focus]");
    if (!button) return;
    const box = document.getElementById(button.dataset.focus);
    box.focus();
    box.select();
  });
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]") && worthSending()) form.requestSubmit();
  });
  form.addEventListener("input", (event) => {
    if (event.target.name === "weight") form.querySelector("[data-weight]").textContent = `${event.target.value} %`;
  });
  // Empty fields would only make the address long.
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
  });
  window.addEventListener("pageshow", () => {
    for (const field of form.elements) field.disabled = false;
  });
}

const worthSending = () => Boolean(form.q.value.trim() || form.elements.like || form.elements.picture);

function byPicture() {
  pictures.picture.addEventListener("change", () => send([...pictures.picture.files]));
  document.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  document.addEventListener("drop", async (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    veil.hidden = true;
    send(await filesFrom(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) send(files);
  });
}

async function send(files) {
  const file = files.find((each) => each.type.startsWith("image/")) ?? files[0];
  if (!file) return;
  const chosen = new DataTransfer();
  chosen.items.add(file);
  pictures.picture.files = chosen.files;
  say("Looking at the picture…");
  await remember(file);
  // What was typed meanwhile goes along.
  const words = pictures.elements.q ?? pictures.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "q" }));
  words.value = form.q.value;
  pictures.requestSubmit();
}

async function remember(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = SIDE / Math.max(picture.width, picture.height);
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, picture.width * scale);
    canvas.height = Math.max(1, picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    sessionStorage.setItem(KEPT, canvas.toDataURL("image/jpeg", 0.8));
  } catch { /* not a picture this browser knows, or no storage: an icon stands for it */ }
}

function showPicture() {
  const place = document.querySelector("[data-picture]");
  if (!place) return;
  try {
    const known = JSON.parse(sessionStorage.getItem(`${KEPT}s`) ?? "{}");
    const just = sessionStorage.getItem(KEPT);
    if (just && !known[place.dataset.picture]) known[place.dataset.picture] = just;
    sessionStorage.removeItem(KEPT);
    sessionStorage.setItem(`${KEPT}s`, JSON.stringify(known));
    const source = known[place.dataset.picture];
    if (source) place.replaceChildren(Object.assign(new Image(), { src: source, alt: "Your picture" }));
  } catch { /* an icon stands for it */ }
}

follow();
if (form) {
  search();
  byPicture();
  showPicture();
}
