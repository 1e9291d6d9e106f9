// Sends rows, at most three at a time: enough to keep a line busy, few enough that the first
// photos are tagged while the last ones are still travelling.
const AT_ONCE = 3;

export class Sender {
  constructor(form, changed) {
    this.form = form;
    this.changed = changed;
    this.queue = [];
    this.flying = 0;
  }

  get busy() {
    return this.flying > 0 || this.queue.length > 0;
  }

  // The fields as they are now: a later batch may be for another product.
  add(rows) {
    const fields = new FormData(this.form);
    fields.delete("files");
    for (const row of rows) {
      row.fields ??= fields;
      this.queue.push(row);
    }
    this.#pump();
  }

  #pump() {
    while (this.flying < AT_ONCE && this.queue.length) this.#send(this.queue.shift());
    this.changed();
  }

  #send(row) {
    this.flying += 1;
    row.sending();
    const body = new FormData();
    for (const [name, value] of row.fields) body.append(name, value);
    body.append("files", row.file, row.file.name);
    const request = new XMLHttpRequest();
    request.open("POST", this.form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) row.sent(event.loaded / event.total);
    };
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* a proxy's own error page */ }
      if (request.status < 300 && answer.id) row.stored(answer);
      else if (request.status === 422) row.refused(answer.message, false);
      else if (request.status === 413) row.refused("The server in front refuses files this large.", false);
      else row.refused(answer.message ?? `The server answered ${request.status}. Nothing was stored.`, true);
    };
    request.onerror = request.ontimeout = () =>
      row.refused("The connection was lost. Send it again: it is stored only once.", true);
    request.onloadend = () => {
      this.flying -= 1;
      this.#pump();
    };
    request.send(body);
  }
}
