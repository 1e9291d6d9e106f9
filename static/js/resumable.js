// Sends one file in pieces. The server says where to go on, so that a lost connection or a
// reload costs one piece at most.
const FIRST = 65536;
const WAITS = [1, 2, 4, 8, 15]; // seconds before trying again; the last one over and over

export class Refused extends Error {}

// FNV-1a over the first bytes, twice with different starts: it recognises a file, no more.
export async function digestOf(file) {
  const bytes = new Uint8Array(await file.slice(0, FIRST).arrayBuffer());
  return [0x811c9dc5, 0x01234567]
    .map((start) => bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), start))
    .map((hash) => (hash >>> 0).toString(16).padStart(8, "0"))
    .join("");
}

const pause = (seconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });

async function ask(url, options) {
  const response = await fetch(url, options);
  let answer = {};
  try { answer = await response.json(); } catch { /* a proxy's own error page */ }
  if (response.ok || response.status === 409) return answer;
  // 400: the piece broke off on its way. 5xx: the server is away for a moment.
  if (response.status === 400 || response.status >= 500) throw new TypeError("try again");
  throw new Refused(answer.message ?? `The server answered ${response.status}.`);
}

export class Resumable {
  // `said` is told what is going on in words, "" when all is well; `moved` the bytes that arrived.
  constructor({ url, token, signal, moved, said }) {
    Object.assign(this, { url, signal, moved, said });
    this.headers = { Accept: "application/json", "X-CSRFToken": token };
  }

  // The id of the upload, once all of the file has arrived. Throws Refused.
  async send(file) {
    const form = new FormData();
    form.append("name", file.webkitRelativePath || file.name);
    form.append("size", file.size);
    form.append("modified", file.lastModified);
    form.append("digest", await digestOf(file));
    const begun = await this.#insist(() => this.#ask(this.url, { method: "POST", body: form }));
    const place = `${this.url}${begun.id}/`;
    let at = begun.offset;
    this.moved(at);
    while (at < file.size) {
      const body = file.slice(at, at + begun.piece);
      const answer = await this.#insist(() =>
        this.#ask(`${place}?offset=${at}`, {
          method: "PUT",
          body,
          headers: { ...this.headers, "Content-Type": "application/octet-stream" },
        }),
      );
      this.moved(answer.offset - at);
      at = answer.offset;
    }
    return begun.id;
  }

  #ask(url, options) {
    return ask(url, { headers: this.headers, signal: this.signal, ...options });
  }

  async #insist(attempt) {
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await attempt();
        if (tries) this.said("");
        return answer;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // refused, or stopped by the person
        const wait = WAITS[Math.min(tries, WAITS.length - 1)];
        this.said(`The connection was lost. Trying again in ${wait} s; what arrived is kept.`);
        await pause(wait, this.signal);
      }
    }
  }
}
