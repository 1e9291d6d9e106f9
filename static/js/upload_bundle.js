// An archive or a table, and all that came with it: sent in pieces, then imported as one.
import { Refused, Resumable } from "./resumable.js";

export const isBulk = (file) => /\.(zip|csv|tsv)$/i.test(file.name);

const megabytes = (bytes) => (bytes / 1048576).toLocaleString("en", { maximumFractionDigits: 1 });

export class Bundle {
  constructor(form, panel) {
    this.form = form;
    this.panel = panel;
    this.files = [];
    this.busy = false;
    this.#part("stop").addEventListener("click", () => this.stopped?.abort());
    this.#part("again").addEventListener("click", () => this.send([]));
  }

  #part(name) {
    return this.panel.querySelector(`[data-bundle-${name}]`);
  }

  // Files may be added until all have been sent.
  async send(files) {
    this.files.push(...files);
    if (this.busy) return;
    this.busy = true;
    this.panel.hidden = false;
    this.#part("problem").hidden = this.#part("again").hidden = true;
    this.#part("stop").hidden = false;
    this.stopped = new AbortController();
    this.arrived = 0;
    try {
      const ids = [];
      for (let n = 0; n < this.files.length; n += 1) ids.push(await this.#one(this.files[n], n));
      window.location.assign(await this.#start(ids));
    } catch (error) {
      this.busy = false;
      this.#part("stop").hidden = true;
      this.#part("again").hidden = false;
      this.#explain(error);
    }
  }

  #one(file, n) {
    const resumable = new Resumable({
      url: this.form.dataset.beginUrl,
      token: this.form.elements.csrfmiddlewaretoken.value,
      signal: this.stopped.signal,
      moved: (bytes) => {
        this.arrived += bytes;
        this.#show(file, n);
      },
      said: (words) => { this.#part("note").textContent = words; },
    });
    this.#show(file, n);
    return resumable.send(file);
  }

  #show(file, n) {
    const all = this.files.reduce((sum, each) => sum + each.size, 0);
    const bar = this.#part("progress");
    bar.max = Math.max(1, all);
    bar.value = this.arrived;
    const which = this.files.length > 1 ? `${file.name}, ${n + 1} of ${this.files.length} files` : file.name;
    this.#part("name").textContent = which;
    this.#part("size").textContent = `${megabytes(this.arrived)} of ${megabytes(all)} MB`;
  }

  async #start(ids) {
    const body = new FormData(this.form);
    body.delete("files");
    for (const id of ids) body.append("uploads", id);
    const response = await fetch(this.form.dataset.startUrl, {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refused(answer.message ?? `The server answered ${response.status}.`);
    return answer.url;
  }

  #explain(error) {
    const problem = this.#part("problem");
    problem.hidden = false;
    problem.className = error.name === "AbortError" ? "notice" : "problem";
    if (error.name === "AbortError") problem.textContent = "Stopped. What arrived is kept: go on, or drop the same file again later.";
    else if (error instanceof Refused) {
      problem.textContent = error.message;
      this.files = []; // the person chooses anew
      this.#part("again").hidden = true;
    } else if (error.name === "NotReadableError" || error.name === "NotFoundError") {
      problem.textContent = "The file changed or is gone from this computer. Choose it again.";
      this.files = [];
      this.#part("again").hidden = true;
    } else problem.textContent = "The connection was lost. What arrived is kept: go on when it is back.";
    this.#part("note").textContent = "";
  }
}
