// Arrow keys in a tree of <details>: up and down through what is visible, right opens, left closes.
const visible = (tree) => [...tree.querySelectorAll("[data-branch]")].filter((branch) => branch.checkVisibility());

function above(branch) {
  const list = branch.closest("li").parentElement;
  return list.closest("details")?.querySelector("summary");
}

function target(branch, tree, key) {
  const all = visible(tree);
  const at = all.indexOf(branch);
  const details = branch.matches("summary") ? branch.parentElement : null;
  switch (key) {
    case "ArrowDown": return all[at + 1];
    case "ArrowUp": return all[at - 1];
    case "Home": return all[0];
    case "End": return all.at(-1);
    case "ArrowRight":
      if (details && !details.open) details.open = true;
      else if (details) return all[at + 1];
      return branch;
    case "ArrowLeft":
      if (details?.open) details.open = false;
      else return above(branch);
      return branch;
    default: return null;
  }
}

document.addEventListener("keydown", (event) => {
  const branch = event.target.closest?.("[data-tree] [data-branch]");
  if (!branch || event.ctrlKey || event.metaKey || event.altKey) return;
  const next = target(branch, branch.closest("[data-tree]"), event.key);
  if (next === null) return;
  event.preventDefault();
  event.stopPropagation();
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}, true);

// Whoever is quicker than htmx opened a branch before it listened: its "toggle once" is still due.
document.addEventListener("htmx:load", (event) => {
  for (const details of event.detail.elt.querySelectorAll?.("details[open][hx-get]") ?? []) {
    details.dispatchEvent(new Event("toggle"));
  }
});

document.querySelector("[data-tree] .here [data-branch]")?.scrollIntoView({ block: "nearest" });
