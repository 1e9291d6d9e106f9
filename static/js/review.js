// The desk: countdown and heartbeat of the claim, the strip of reasons, zoom, the next photo.
import { showVeil } from "./veil.js";

const RENEW_EVERY = 60_000;
const IDLE_AFTER = 150_000; // nobody there: let the claim run out, so that others can take it

let desk, endsAt, lastSeen = Date.now();

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

function lose(message) {
  desk.dataset.renewUrl = "";
  desk.classList.add("stale");
  const banner = desk.querySelector("[data-lost]");
  banner.hidden = false;
  banner.textContent = `${message} `;
  const again = document.createElement("a");
  again.href = location.href;
  again.textContent = "Look again";
  banner.append(again);
  for (const control of desk.querySelectorAll(".actions button")) control.disabled = true;
}

function tick() {
  if (!desk?.dataset.renewUrl) return;
  const left = Math.max(0, Math.round((endsAt - Date.now()) / 1000));
  desk.querySelector("[data-countdown]").textContent = clock(left);
  if (left === 0) lose("Your claim on this review ended.");
}

async function renew() {
  const url = desk?.dataset.renewUrl;
  if (!url || document.hidden || Date.now() - lastSeen > IDLE_AFTER) return;
  const token = desk.querySelector("[name=csrfmiddlewaretoken]").value;
  const own = desk;
  let response, answer;
  try {
    response = await fetch(url, { method: "POST", headers: { Accept: "application/json", "X-CSRFToken": token } });
    answer = await response.json();
  } catch { return; } // the countdown says what is left; the next beat tries again
  if (own !== desk) return;
  if (!response.ok) lose(answer.message);
  else if (String(answer.version) !== desk.dataset.version) lose("This review changed meanwhile.");
  else endsAt = Date.now() + answer.seconds * 1000;
}

function sit() {
  const found = document.getElementById("desk");
  if (!found || found === desk) return;
  desk = found;
  endsAt = Date.now() + Number(desk.dataset.seconds) * 1000;
  if (desk.dataset.nextImages) {
    for (const url of desk.dataset.nextImages.split(" ")) new Image().src = url;
  }
  const strip = desk.querySelector("[data-remove]");
  strip?.addEventListener("toggle", () => {
    if (strip.open) (strip.querySelector(".matched") ?? strip.querySelector(".reason"))?.focus();
  });
  showVeil();
  tick();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const strip = desk?.querySelector("[data-remove][open]");
  if (!strip) return;
  strip.open = false;
  strip.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-zoom]")) desk.querySelector("[data-zoom-dialog]").showModal();
});
document.addEventListener("htmx:afterSettle", () => {
  const before = desk;
  sit();
  if (desk === before) return;
  document.getElementById("main").focus({ preventScroll: true });
  document.getElementById("announcer").textContent = desk.dataset.announce;
  window.scrollTo(0, 0);
});
for (const sign of ["keydown", "pointermove", "pointerdown", "scroll"]) {
  document.addEventListener(sign, () => { lastSeen = Date.now(); }, { passive: true });
}
sit();
setInterval(tick, 1000);
setInterval(renew, RENEW_EVERY);
