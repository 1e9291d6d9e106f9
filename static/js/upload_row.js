// One file's line: what it is, how far it is, what became of it.
const VERDICTS = new Set(["live", "held", "removed", "failed"]);
const TAGS_SHOWN = 3;

export class Row {
  constructor(file, template) {
    this.file = file;
    this.id = null;
    this.state = "waiting"; // waiting, sending, stored, done, refused
    this.element = template.content.firstElementChild.cloneNode(true);
    this.#part("name").textContent = file.webkitRelativePath || file.name;
    const picture = this.element.querySelector("img");
    const url = URL.createObjectURL(file);
    picture.src = url;
    picture.onload = () => URL.revokeObjectURL(url);
    picture.onerror = () => { // not a picture this browser knows: an empty frame, no torn icon
      picture.hidden = true;
      URL.revokeObjectURL(url);
    };
  }

  #part(name) {
    return this.element.querySelector(`[data-${name}]`);
  }

  #status(kind, label) {
    const chip = this.#part("status");
    chip.className = `status ${kind}`;
    chip.textContent = label;
  }

  get over() {
    return this.state === "done" || this.state === "refused";
  }

  sending() {
    this.state = "sending";
    this.element.classList.remove("refused");
    this.#part("again").hidden = true;
    this.#part("note").textContent = "";
    this.#part("progress").hidden = false;
    this.#status("pending", "Sending");
  }

  sent(part) {
    this.#part("progress").value = part;
    this.#part("progress").setAttribute("aria-label", `${this.file.name}: sent ${Math.round(part * 100)} %`);
  }

  stored(answer) {
    this.state = "stored";
    this.id = answer.id;
    this.#part("progress").hidden = true;
    this.#part("note").textContent = answer.created ? "" : "Was here already: this is the photo stored then.";
    const link = this.#part("link");
    link.href = answer.url;
    link.hidden = false;
    link.setAttribute("aria-label", `Open ${this.file.name}`);
    this.#status("pending", "Waiting");
  }

  refused(message, again) {
    this.state = "refused";
    this.retryable = Boolean(again);
    this.element.classList.add("refused");
    this.#part("progress").hidden = true;
    this.#part("note").textContent = message;
    this.#part("again").hidden = !again;
    this.#status("refused", "Not taken");
  }

  follow(photo) {
    if (!VERDICTS.has(photo.status)) {
      this.#status("pending", photo.stage === "tagging" ? "Tagging" : "Waiting");
      return;
    }
    this.state = "done";
    this.#status(photo.status, photo.label);
    if (photo.reason) this.#part("note").textContent = photo.reason;
    const chips = photo.tags.slice(0, TAGS_SHOWN).map((tag) => {
      const chip = document.createElement("span");
      const score = document.createElement("span");
      chip.className = "chip";
      chip.title = `${tag.path}, score ${tag.score}`;
      score.className = "num";
      score.textContent = `${Math.min(99, Math.round(tag.score * 100))} %`;
      chip.append(`${tag.name} `, score);
      return chip;
    });
    if (!chips.length && photo.status !== "failed") chips.push("No tag reached its threshold");
    this.#part("tags").replaceChildren(...chips);
  }
}
