// Two keys move the focus through a list; Enter opens, as on any link. Which keys is for each
// person to say; the list of keys names them.
import { keysAreOn } from "./keys.js";

export function startLists() {
  const own = document.querySelector("[data-list-next]")?.dataset ?? {};
  const steps = { [own.listNext ?? "j"]: 1, [own.listPrevious ?? "k"]: -1, ArrowRight: 1, ArrowLeft: -1 };
  document.addEventListener("keydown", (event) => {
    const step = steps[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    const items = [...document.querySelectorAll("[data-list] [data-item]")];
    if (!step || !items.length || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.length === 1 && !keysAreOn()) return;
    if (event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog")) return;
    const at = items.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : at + step;
    if (!items[next]) return;
    event.preventDefault();
    items[next].focus();
    items[next].scrollIntoView({ block: "nearest" });
  });
}
