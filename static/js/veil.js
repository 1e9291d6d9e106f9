// Blur and gray over photos that may hurt to see. On unless this browser was told otherwise.
import { write } from "./store.js";

const root = document.documentElement;

export function showVeil() {
  for (const button of document.querySelectorAll("[data-veil]")) {
    button.setAttribute("aria-pressed", String(root.dataset[button.dataset.veil] !== "off"));
  }
}

export function startVeil() {
  showVeil();
  document.addEventListener("htmx:afterSettle", showVeil);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-veil]");
    if (!button) return;
    const veil = button.dataset.veil;
    const lifted = root.dataset[veil] !== "off";
    if (lifted) root.dataset[veil] = "off";
    else delete root.dataset[veil];
    write(veil, lifted ? "off" : null);
    showVeil();
  });
}
