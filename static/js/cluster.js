// The cluster: how many are selected, and which one Enter would open.
import "./strips.js";

const form = document.querySelector("[data-cluster]");
const boxes = [...form.querySelectorAll("[name=case]")];

function count() {
  const chosen = boxes.filter((box) => box.checked).length;
  form.querySelector("[data-selected]").textContent = chosen;
  for (const label of form.querySelectorAll("[data-selected-label]")) label.textContent = chosen;
  for (const button of form.querySelectorAll("button.act, button.reason")) button.disabled = !chosen;
}

form.addEventListener("change", count);
// Enter would send the form with whatever button comes first; it selects instead, like Space.
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("[name=case]")) return;
  event.preventDefault();
  event.target.click();
});
count();
boxes[0]?.focus({ focusVisible: false });
