// Dialogs that arrive as fragments open by themselves, and are gone once they are closed.
function open(root) {
  for (const dialog of root.querySelectorAll?.("dialog[data-modal]:not([open])") ?? []) {
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  }
}

export function startDialogs() {
  document.addEventListener("htmx:afterSettle", () => open(document));
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  });
}
