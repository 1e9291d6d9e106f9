// Every page: theme, veil, keys, lists, toasts.
import { startDialogs } from "./dialogs.js";
import { startKeys } from "./keys.js";
import { startLists } from "./lists.js";
import { startTheme } from "./theme.js";
import { startToasts } from "./toasts.js";
import { startVeil } from "./veil.js";

startTheme();
startVeil();
startKeys();
startLists();
startToasts();
startDialogs();

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open)?.showModal();
});
