// The threshold lab: the sliders' numbers follow at once, the figures a moment later over htmx.
const form = document.getElementById("lab-form");
const save = document.getElementById("lab-save");

const value = (slider) => (slider.disabled ? "" : Number(slider.value).toFixed(3));

function show() {
  for (const name of ["hold", "remove"]) {
    const slider = form.elements[name];
    for (const place of document.querySelectorAll(`[data-shows="${name}"]`)) {
      place.textContent = Number(slider.value).toFixed(3);
    }
    save.elements[name].value = value(slider);
  }
  save.querySelector("[data-if-removes]").hidden = form.elements.remove.disabled;
}

function move(slider, to) {
  slider.value = to;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}

function start() {
  form.querySelector("[data-without-script]").hidden = true;
  form.addEventListener("input", (event) => {
    const enabled = event.target.dataset.enables;
    if (enabled) document.getElementById(enabled).disabled = !event.target.checked;
    show();
  });
  document.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (step) {
      const slider = form.elements.hold;
      move(slider, (Number(slider.value) + Number(step.dataset.step)).toFixed(3));
    }
    const link = event.target.closest("[data-moves]");
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      move(form.elements[link.dataset.moves], link.dataset.to);
      form.elements[link.dataset.moves].focus();
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "lab-figures") return;
    const says = event.target.querySelector("[data-says]");
    if (says) document.getElementById("announcer").textContent = says.textContent;
  });
}

if (form) start();
