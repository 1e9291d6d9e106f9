// The desk: the claim and its heartbeat, zoom, and the next photo, which is loaded ahead.
import { wind } from "./countdown.js";
import "./strips.js";
import { showVeil } from "./veil.js";
import { showZen } from "./zen.js";

const RENEW_EVERY = 30_000;
const IDLE_AFTER = 150_000; // nobody there: let the claim run out, so that others can take it

let desk, lastSeen = Date.now();

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
  for (const control of desk.querySelectorAll(".verdicts :is(button, textarea)")) control.disabled = true;
  for (const strip of desk.querySelectorAll("[data-strip]")) strip.hidden = true;
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
  if (own !== desk || !desk.dataset.renewUrl) return;
  if (!response.ok) lose(answer.message);
  else if (String(answer.version) !== desk.dataset.version) lose("This review changed meanwhile.");
  else wind(desk.querySelector("[data-claim]"), answer.seconds);
}

function sit() {
  const found = document.getElementById("desk");
  if (!found || found === desk) return;
  desk = found;
  if (desk.dataset.nextImages) {
    for (const url of desk.dataset.nextImages.split(" ")) new Image().src = url;
  }
  showVeil();
  showZen();
}

// A second click, or a click while zoomed, shows the photo's own pixels where the pointer is.
function look(event) {
  const frame = event.target.closest(".zoom .frame");
  if (!frame) return;
  const { left, top, width, height } = frame.getBoundingClientRect();
  const x = (event.clientX - left) / width, y = (event.clientY - top) / height;
  frame.classList.toggle("actual");
  frame.scrollTo(x * frame.scrollWidth - width / 2, y * frame.scrollHeight - height / 2);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-zoom], [data-photo]")) desk.querySelector("[data-zoom-dialog]").showModal();
  else look(event);
});
document.addEventListener("countdown:over", (event) => {
  if (event.target.matches("[data-claim]") && desk.dataset.renewUrl) lose("Your claim on this review ended.");
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
setInterval(renew, RENEW_EVERY);
