// The upload page: files in by drop, picker or folder; then rows, a total, and a warning on leaving.
// With an archive or a table among them they become an import, which has a page of its own.
import { filesFrom, worthSending } from "./dropped.js";
import { onPicked } from "./picker.js";
import { Bundle, isBulk } from "./upload_bundle.js";
import { Follower } from "./upload_follow.js";
import { Row } from "./upload_row.js";
import { Sender } from "./upload_sender.js";

const form = document.getElementById("upload");
const zone = document.querySelector("[data-dropzone]");
const section = document.querySelector("[data-uploads]");
const rows = [];

function summary() {
  const done = rows.filter((row) => row.over).length;
  const refused = rows.filter((row) => row.state === "refused").length;
  const text = `${done} of ${rows.length} done${refused ? `, ${refused} not taken` : ""}`;
  const place = section.querySelector("[data-summary]");
  if (place.textContent !== text) place.textContent = text;
  const total = section.querySelector("[data-total]");
  total.max = Math.max(1, rows.length);
  total.value = done;
  section.querySelector("[data-retry-all]").hidden = !rows.some((row) => row.retryable && row.state === "refused");
}

function start() {
  const sender = new Sender(form, changed);
  const follower = new Follower(form, rows, summary);
  const template = document.getElementById("upload-row");
  const limit = Number(form.dataset.maxBytes);
  const bundle = new Bundle(form, document.querySelector("[data-bundle]"));

  function changed() {
    summary();
    if (rows.some((row) => row.state === "stored")) follower.start();
  }

  function take(files) {
    const wanted = files.filter(worthSending);
    if (!wanted.length || !form.reportValidity()) return;
    if (bundle.busy || wanted.some(isBulk)) {
      zone.classList.add("small");
      bundle.send(wanted);
      return;
    }
    const added = wanted.map((file) => new Row(file, template));
    rows.push(...added);
    section.querySelector("[data-rows]").append(...added.map((row) => row.element));
    section.hidden = false;
    zone.classList.add("small");
    const fit = added.filter((row) => row.file.size <= limit);
    for (const row of added) {
      if (row.file.size > limit) row.refused(`Larger than ${Math.floor(limit / 1048576)} MB.`, false);
      row.element.querySelector("[data-again]").addEventListener("click", () => again([row]));
    }
    sender.add(fit);
  }

  function again(some) {
    for (const row of some) {
      row.retryable = false;
      row.sending();
    }
    sender.add(some);
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  section.querySelector("[data-retry-all]").addEventListener("click", () =>
    again(rows.filter((row) => row.retryable && row.state === "refused")),
  );
  // The whole page takes drops: missing the box must not open the photo in place of the page.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) zone.classList.remove("over");
  });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(await filesFrom(event.dataTransfer));
  });
  window.addEventListener("beforeunload", (event) => {
    if (sender.busy) event.preventDefault();
  });
  for (const picker of form.querySelectorAll("input[type=file]")) onPicked(picker, take);
  for (const element of form.querySelectorAll("[data-needs-script]")) element.hidden = false;
}

if (form) start();
