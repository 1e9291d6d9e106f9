// Clocks that run down: `<time data-countdown="58">0:58</time>`. At zero they say so to whoever
// listens, once.
const ends = new WeakMap();

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

export function wind(element, seconds) {
  ends.set(element, Date.now() + seconds * 1000);
}

function tick() {
  for (const element of document.querySelectorAll("[data-countdown]")) {
    if (!ends.has(element)) wind(element, Number(element.dataset.countdown));
    const left = Math.max(0, Math.round((ends.get(element) - Date.now()) / 1000));
    const text = clock(left);
    if (element.textContent !== text) element.textContent = text;
    if (left > 0) continue;
    element.removeAttribute("data-countdown");
    element.dispatchEvent(new CustomEvent("countdown:over", { bubbles: true }));
  }
}

// What can no longer be undone must not look as if it could.
document.addEventListener("countdown:over", (event) => {
  const button = event.target.closest("[data-undo]");
  if (!button) return;
  button.disabled = true;
  event.target.textContent = "";
  for (const other of document.querySelectorAll("[data-undo]:not(:has([data-countdown]))")) other.disabled = true;
});
document.addEventListener("htmx:afterSettle", tick);
tick();
setInterval(tick, 1000);
