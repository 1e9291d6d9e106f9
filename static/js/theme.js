// System, light, dark: one button goes round, the choice is remembered.
import { read, write } from "./store.js";

const ORDER = ["system", "light", "dark"];

export function startTheme() {
  const root = document.documentElement;
  const show = (theme) => {
    for (const label of document.querySelectorAll("[data-theme-name]")) {
      label.textContent = theme === "system" ? "Auto" : theme[0].toUpperCase() + theme.slice(1);
      label.closest("button").title = `Theme: ${theme}`;
    }
  };
  let theme = ORDER.includes(read("theme")) ? read("theme") : "system";
  show(theme);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    write("theme", theme === "system" ? null : theme);
    show(theme);
  });
}
