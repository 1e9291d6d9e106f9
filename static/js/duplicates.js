// Duplicates: keys act on the group in focus; a group that is settled hands the focus to the next.
import "./queue.js";

const list = document.querySelector(".duplicate-groups");
let current = null;

function follow(target) {
  const group = target.closest?.(".duplicate-group");
  if (!group || group.dataset.settled === "") return;
  current = group.id;
  for (const control of document.querySelectorAll("[data-own-key]")) {
    if (group.contains(control)) control.dataset.key = control.dataset.ownKey;
    else delete control.dataset.key;
  }
  for (const other of list.children) other.classList.toggle("in-focus", other === group);
}

function named(group) {
  const chosen = group.querySelector("[name=photo]:checked");
  const button = group.querySelector("[data-merge]");
  if (!chosen || !button) return;
  button.querySelector("[data-sku-name]").textContent = chosen.dataset.sku || "its product";
  button.disabled = !chosen.dataset.sku;
}

function start(group) {
  if (group.querySelector("[data-group]")) named(group);
}

if (list) {
  document.addEventListener("focusin", (event) => follow(event.target));
  list.addEventListener("change", (event) => {
    if (event.target.name === "photo") named(event.target.closest(".duplicate-group"));
  });
  // A digit chooses a photo; the focus stays on the group, so that the next key is the group's too.
  list.addEventListener("click", (event) => {
    if (event.target.matches("[name=photo]") && event.detail === 0 && document.activeElement !== event.target) {
      named(event.target.closest(".duplicate-group"));
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    for (const group of list.children) start(group);
    const changed = document.getElementById(event.detail.target?.id ?? "");
    if (!changed?.classList.contains("duplicate-group")) return;
    // Not before the answer: a form that is gone cannot say where its answer belongs.
    document.querySelector(".keep-dialog")?.close();
    if (changed.dataset.settled !== "") {
      changed.querySelector("[data-item]").focus();
      return;
    }
    let next = changed.nextElementSibling;
    while (next && next.dataset.settled === "") next = next.nextElementSibling;
    (next?.querySelector("[data-item]") ?? changed).focus();
  });
  // Closing the dialog without erasing gives the focus back to its group.
  document.addEventListener("close", (event) => {
    if (event.target.matches?.(".keep-dialog")) document.getElementById(current)?.querySelector("[data-item]")?.focus();
  }, true);
  document.addEventListener("click", (event) => {
    if (event.target.closest("dialog [data-close]")) event.preventDefault();
  });
  for (const group of list.children) start(group);
}
document.documentElement.dataset.duplicatesReady = "";
