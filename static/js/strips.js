// The strips above the actions: opened by their key with the likeliest answer under the fingers,
// closed by Escape.
document.addEventListener("toggle", (event) => {
  const strip = event.target;
  if (!strip.matches?.("[data-strip]") || !strip.open) return;
  (strip.querySelector("[data-first]") ?? strip.querySelector(".reason"))?.focus();
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const strip = document.querySelector("[data-strip][open]");
  if (!strip) return;
  strip.open = false;
  strip.querySelector("summary").focus();
});
