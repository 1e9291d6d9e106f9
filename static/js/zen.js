// Zen: the photo and the actions, nothing else. Remembered by this browser.
import { write } from "./store.js";

const root = document.documentElement;

export function showZen() {
  for (const button of document.querySelectorAll("[data-zen]")) {
    button.setAttribute("aria-pressed", String(root.dataset.zenMode === "on"));
  }
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-zen]")) return;
  const on = root.dataset.zenMode !== "on";
  if (on) root.dataset.zenMode = "on";
  else delete root.dataset.zenMode;
  write("zen", on ? "on" : null);
  showZen();
});
