// The prompt lab: pictures are dropped and looked at; a copy for showing stays in this tab.
import { filesFrom, worthSending } from "./dropped.js";
import { onPicked } from "./picker.js";
import { say } from "./toasts.js";

const form = document.querySelector("[data-prompt-form]");
const dropped = document.getElementById("prompt-dropped");
const chooser = document.getElementById("prompt-files");
const veil = document.querySelector("[data-drop-veil]");
const shown = new Map(); // digest → address of the copy
const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

async function send(files) {
  for (const file of files.filter(worthSending)) {
    const body = new FormData();
    body.append("picture", file);
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    let answer = {};
    try {
      const response = await fetch(form.dataset.pictureUrl, { method: "POST", body, headers: { Accept: "application/json" } });
      answer = await response.json();
    } catch {
      answer = { message: "The server did not answer. Drop it again." };
    }
    if (answer.digest) add(answer.digest, file);
    else say(`${file.name}: ${answer.message}`, "error");
  }
}

function add(digest, file) {
  if (shown.has(digest)) return;
  shown.set(digest, URL.createObjectURL(file));
  const label = document.createElement("label");
  label.className = "prompt-photo";
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "picture", value: digest, checked: true });
  const frame = Object.assign(document.createElement("span"), { className: "frame" });
  frame.append(Object.assign(new Image(96, 96), { src: shown.get(digest), alt: `Dropped: ${file.name}` }));
  label.append(box, frame);
  dropped.append(label);
}

onPicked(chooser, send);
document.addEventListener("dragover", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  veil.hidden = false;
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) veil.hidden = true; });
document.addEventListener("drop", async (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  veil.hidden = true;
  send(await filesFrom(event.dataTransfer));
});
// A download is the browser's own business, not a fragment's.
for (const button of form.querySelectorAll("[data-plain]")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const plain = document.createElement("form");
    Object.assign(plain, { method: "post", action: button.getAttribute("formaction"), hidden: true });
    const fields = { save: button.value };
    for (const name of ["csrfmiddlewaretoken", "a", "b"]) fields[name] = form.elements[name].value;
    for (const [name, value] of Object.entries(fields)) {
      plain.append(Object.assign(document.createElement("textarea"), { name, value }));
    }
    document.body.append(plain);
    plain.submit();
    plain.remove();
  });
}
document.addEventListener("htmx:afterSettle", () => {
  for (const image of document.querySelectorAll("[data-heat-picture]")) {
    const source = shown.get(image.dataset.heatPicture);
    if (source) image.setAttribute("href", source);
  }
});
