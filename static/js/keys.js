// Single keys press the control that names them in data-key. Nothing is bound in code, so what a
// key does is always something that can be seen and clicked as well. A strip that is open may give
// the key that opened it another meaning: what comes last in the page wins.
import { read, write } from "./store.js";

const TYPING = "input:not([type=checkbox], [type=file], [type=range]), textarea, select, [contenteditable]";

// Only what can be seen can be pressed; inside an open dialog, only what is in it.
function controlFor(key) {
  const dialog = document.querySelector("dialog[open]");
  const scope = dialog ?? document;
  return [...scope.querySelectorAll("[data-key]")].findLast(
    (control) =>
      control.dataset.key === key &&
      !control.disabled &&
      control.checkVisibility() &&
      (dialog || !control.closest("dialog")),
  );
}

let on = read("keys") !== "off";

export const keysAreOn = () => on;

export function startKeys() {
  const setting = document.querySelector("[data-keys-switch]");
  if (setting) {
    setting.checked = on;
    setting.addEventListener("change", () => {
      on = setting.checked;
      write("keys", on ? null : "off");
    });
  }
  document.addEventListener("keydown", (event) => {
    // A held key must never decide the next photo too.
    if (!on || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.defaultPrevented || event.target.closest?.(TYPING)) return;
    if (document.querySelector("#desk.htmx-request, #desk .htmx-request")) return;
    const control = controlFor(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (!control) return;
    event.preventDefault();
    control.click();
  });
}
