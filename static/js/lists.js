// J and K move the focus through a list; Enter opens, as on any link.
const STEPS = { j: 1, k: -1, ArrowRight: 1, ArrowLeft: -1 };

export function startLists() {
  document.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const items = [...document.querySelectorAll("[data-list] [data-item]")];
    if (!step || !items.length || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select, dialog")) return;
    const at = items.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : at + step;
    if (!items[next]) return;
    event.preventDefault();
    items[next].focus();
    items[next].scrollIntoView({ block: "nearest" });
  });
}
