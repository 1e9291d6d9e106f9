// Pictures dropped anywhere on a bank's page are put into its form, which is then sent.
import { filesFrom, worthSending } from "./dropped.js";
import { say } from "./toasts.js";

const MOST = 100; // files the server takes in one request

const form = document.querySelector("[data-drop]");
const veil = document.querySelector("[data-drop-veil]");
const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

if (form) {
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
    send((await filesFrom(event.dataTransfer)).filter(worthSending));
  });
  form.addEventListener("submit", (event) => {
    if (form.files.files.length <= MOST) return;
    event.preventDefault();
    tooMany();
  });
}

function send(files) {
  if (files.length > MOST) return tooMany();
  const chosen = new DataTransfer();
  for (const file of files) chosen.items.add(file);
  form.files.files = chosen.files;
  form.requestSubmit();
}

function tooMany() {
  say(`Add at most ${MOST} pictures at a time.`, "error");
}
