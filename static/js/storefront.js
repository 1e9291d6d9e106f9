// A new key is copied with one press, and forms about "only these" follow what is ticked.
for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const label = button.querySelector("[data-copy-label]");
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      label.textContent = "Copied";
    } catch {
      label.textContent = "Selected: press Ctrl+C";
    }
    document.getElementById("announcer").textContent = label.textContent;
  });
}
for (const choice of document.querySelectorAll(".in-force [name=policy]")) {
  choice.addEventListener("change", () => {
    choice.form.querySelector("[value=some]").checked = true;
  });
}
document.documentElement.dataset.storefront = "ready";
