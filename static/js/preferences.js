// Press-to-set keys: a field takes the next key that is pressed in it, and says so when that key
// does something else already. The server checks again.
const form = document.querySelector("[data-key-editor]");
const fields = [...form.querySelectorAll("[data-key-field]")];
const problem = form.querySelector("[data-key-problem]");
const save = form.querySelector("[data-key-save]");

const printed = (key) => ([...key.toUpperCase()].length === 1 ? key.toUpperCase() : key);
const named = (field) => `“${field.labels[0].textContent.split(/[:;]/)[0]}”`;

// One page may have both: then the key would be unclear.
const meet = (one, other) =>
  one.dataset.place === other.dataset.place || [one, other].some((field) => field.dataset.place === "anywhere");

function check() {
  const owners = new Map();
  for (const field of fields) {
    const key = (field.value || field.dataset.usual).toLowerCase();
    owners.set(key, [...(owners.get(key) ?? []), field]);
    field.closest(".key-row").querySelector(".key-usual").textContent =
      key === field.dataset.usual.toLowerCase() ? "" : `usually ${field.dataset.usual}`;
  }
  const sentences = [];
  for (const [key, all] of owners) {
    const digit = /^\d$/.test(key);
    const owning = all.filter((field) => all.some((other) => other !== field && meet(field, other)));
    const clash = owning.length > 1;
    for (const field of all) {
      field.closest(".key-row").classList.toggle("clash", owning.includes(field) || digit);
      field.setAttribute("aria-invalid", String(owning.includes(field) || digit));
    }
    if (digit) sentences.push(`${key} names a policy when you remove. Choose a letter or a sign.`);
    else if (clash) {
      sentences.push(`${printed(key)} would do ${owning.length} things: ${owning.map(named).join(" and ")}. Change one.`);
    }
  }
  problem.hidden = !sentences.length;
  problem.textContent = sentences.join(" ");
  save.disabled = sentences.length > 0;
}

form.addEventListener("keydown", (event) => {
  const field = event.target.closest("[data-key-field]");
  if (!field || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Backspace" || event.key === "Delete") field.value = field.dataset.usual;
  else if ([...event.key].length === 1 && event.key.trim()) field.value = printed(event.key);
  else return; // Tab, Enter and the arrows keep their meaning
  event.preventDefault();
  check();
});
form.addEventListener("input", check);
for (const field of fields) field.addEventListener("focus", () => field.select());
check();
