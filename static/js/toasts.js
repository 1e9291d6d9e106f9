// Short messages: good news leaves by itself, trouble stays until the next page.
const LINGER = 4000;

export function say(text, level = "info") {
  const toast = document.createElement("p");
  toast.className = `toast ${level}`;
  toast.dataset.toast = "";
  toast.textContent = text;
  document.getElementById("toasts").replaceChildren(toast);
  if (level !== "error") setTimeout(() => toast.remove(), LINGER);
}

function dismiss() {
  for (const toast of document.querySelectorAll("[data-toast]:not(.error)")) {
    setTimeout(() => toast.remove(), LINGER);
  }
}

export function startToasts() {
  dismiss();
  document.addEventListener("htmx:afterSettle", dismiss);
  document.addEventListener("htmx:sendError", () =>
    say("The server did not answer. Nothing was changed: try again.", "error"),
  );
  document.addEventListener("htmx:responseError", (event) =>
    say(`That did not work (${event.detail.xhr.status}). Nothing was changed: reload and try again.`, "error"),
  );
}
