// Asks the studio which examples the text is near to, and lists them with links. A hint: it stops nobody.

const PAUSE_MS = 800; // of typing; longer than the check's, since an answer looks through all examples

export class NearDuplicates {
  #form;
  #region;
  #timer;
  #request;

  constructor(form, region) {
    this.#form = form;
    this.#region = region;
  }

  start() {
    this.#form.addEventListener("input", ({ target }) => {
      if (target.name === "note" || target.name === "path") return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask(), PAUSE_MS);
    });
    this.#ask();
  }

  async #ask() {
    this.#request?.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const body = new FormData(this.#form);
      const answer = await fetch(this.#form.dataset.near, { method: "POST", body, signal });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      this.#show(await answer.json());
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#show({ near: [], says: "No answer now. It is asked again when you type." });
    }
  }

  #show({ near, says }) {
    this.#region.hidden = false;
    this.#region.querySelector("ul")?.remove();
    if (near.length) {
      const list = document.createElement("ul");
      list.append(...near.map(item));
      this.#region.append(list);
    }
    const found = near.length ? `${near.length} near example${near.length > 1 ? "s" : ""}` : "Near to no example";
    const sentence = says || `${found}.`;
    const status = this.#region.querySelector("[aria-live]");
    if (status.textContent !== sentence) status.textContent = sentence; // a repeated sentence is not read out again
  }
}

function item({ title, path, url, score, rule, kind }) {
  const one = document.createElement("li");
  const link = document.createElement("a");
  const where = document.createElement("span");
  link.href = url;
  link.target = "_blank"; // what is typed stays where it is
  link.rel = "noopener";
  link.textContent = title;
  where.className = "meta";
  where.textContent = ` ${path} · ${kind}${rule === "prompt" ? "" : `, ${rule} alike to ${score.toFixed(2)}`}`;
  one.append(link, where);
  return one;
}
