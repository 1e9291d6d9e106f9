// The queue and lists of decisions: filters apply as they are chosen, and clocks run.
import "./countdown.js";

const filters = document.querySelector("[data-filters]");
if (filters) {
  filters.querySelector("[data-filter-button]").hidden = true;
  filters.addEventListener("change", () => filters.requestSubmit());
}
