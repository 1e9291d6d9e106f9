// A second look: the strip of reasons, and the next photo ahead of time.
let desk;

function sit() {
  const found = document.getElementById("desk");
  if (!found || found === desk) return false;
  desk = found;
  if (desk.dataset.nextImage) new Image().src = desk.dataset.nextImage;
  const strip = desk.querySelector("[data-remove]");
  strip.addEventListener("toggle", () => {
    if (strip.open) strip.querySelector(".reason")?.focus();
  });
  return true;
}

document.addEventListener("keydown", (event) => {
  const strip = event.key === "Escape" && desk.querySelector("[data-remove][open]");
  if (!strip) return;
  strip.open = false;
  strip.querySelector("summary").focus();
});
document.addEventListener("htmx:afterSettle", () => {
  if (!sit()) return;
  document.getElementById("main").focus({ preventScroll: true });
  document.getElementById("announcer").textContent = desk.dataset.announce;
  window.scrollTo(0, 0);
});
sit();
