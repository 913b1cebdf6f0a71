// Asks the studio what is wrong with the text, and shows it: at the line, in the margin, as a list of buttons.
import { setDiagnostics } from "@codemirror/lint";
import { EditorView } from "@codemirror/view";

const PAUSE_MS = 150; // of typing, before the text is sent

export class Check {
  #area;
  #region;
  #view;
  #found = []; // {from, to, word, severity, message, line}, by place
  #timer;
  #request;

  constructor(area, region) {
    this.#area = area;
    this.#region = region;
  }

  keys = [
    { key: "F8", run: () => this.#goOn(1) },
    { key: "Shift-F8", run: () => this.#goOn(-1) },
  ];

  start(view) {
    this.#view = view;
    this.#area.form.addEventListener("input", ({ target }) => {
      if (target.name !== "text" && target.name !== "path") return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask(), PAUSE_MS);
    });
    this.#ask();
  }

  // Keeps findings at their text while it is edited.
  move(changes) {
    for (const found of this.#found) {
      found.from = changes.mapPos(found.from, 1);
      found.to = Math.max(found.from, changes.mapPos(found.to, -1));
    }
  }

  async #ask() {
    this.#request?.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    const { doc } = this.#view.state;
    try {
      const body = new FormData(this.#area.form);
      const answer = await fetch(this.#area.dataset.check, { method: "POST", body, signal });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      this.#show(await answer.json(), doc);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#say("The check gives no answer now. It is asked again when you type.");
    }
  }

  #show({ problems, findings, left_out: leftOut, checker }, doc) {
    if (!doc.eq(this.#view.state.doc)) return; // typed on: the next answer is on its way
    this.#found = [...problems.map(ofFile), ...findings.map(ofCode)]
      .map((found) => ({ ...found, ...rangeIn(doc, found) }))
      .sort((a, b) => a.from - b.from || a.to - b.to);
    const diagnostics = this.#found
      .filter((found) => found.line > 0)
      .map(({ from, to, severity, word, message }) => ({ from, to, severity, message: `${word}: ${message}` }));
    this.#view.dispatch(setDiagnostics(this.#view.state, diagnostics));
    const list = document.createElement("ul");
    list.className = "problems";
    list.append(...this.#found.map((found) => this.#item(found)));
    this.#region.querySelectorAll("ul").forEach((old) => old.remove());
    this.#region.append(list);
    this.#say(`${summary(this.#found)}${leftOut ? `, and ${leftOut} more` : ""} (${checker})`);
  }

  #say(sentence) {
    const status = this.#region.querySelector("[role=status]");
    if (status.textContent !== sentence) status.textContent = sentence; // a repeated sentence is not read out again
  }

  #item(found) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const place = document.createElement("strong");
    item.className = found.severity;
    button.type = "button";
    place.textContent = found.line ? `${found.word}, line ${found.line}:` : `${found.word}:`;
    button.append(place, ` ${found.message}`);
    button.addEventListener("click", () => this.#go(found));
    item.append(button);
    return item;
  }

  #goOn(step) {
    const { from } = this.#view.state.selection.main;
    const inOrder = step > 0 ? this.#found : this.#found.toReversed();
    const next = inOrder.find((found) => (found.from - from) * step > 0) ?? inOrder[0];
    if (next) this.#go(next);
    return true;
  }

  #go({ from, to, word, message }) {
    this.#view.dispatch({
      selection: { anchor: from, head: to },
      effects: [EditorView.scrollIntoView(from, { y: "center" }), EditorView.announce.of(`${word}: ${message}`)],
    });
    this.#view.focus();
  }
}

const ofFile = ({ line, severity, message, suggestion }) => ({
  line,
  severity,
  word: severity === "error" ? "Error" : "Warning",
  message: `${message} ${suggestion}`.trimEnd(),
});

const ofCode = (finding) => ({ ...finding, word: finding.certain ? "Error" : "Hint" });

function summary(found) {
  const counted = ["Error", "Warning", "Hint"]
    .map((word) => [found.filter((one) => one.word === word).length, word.toLowerCase()])
    .filter(([count]) => count)
    .map(([count, word]) => `${count} ${word}${count > 1 ? "s" : ""}`);
  return counted.length ? `Found ${counted.join(", ")}` : "Nothing found";
}

// Where a finding stands in the document. Lines and columns count from 1, columns in characters and not in UTF-16.
function rangeIn(doc, { line, column, end_column: endColumn }) {
  const { from, to, text } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  if (!column) return { from, to };
  const at = (count) => Math.min(from + [...text].slice(0, count - 1).join("").length, to);
  const start = at(column);
  const word = /^(?:[\w$%!#]+|".*)/.exec(text.slice(start - from))?.[0] ?? "";
  return { from: start, to: endColumn ? at(endColumn) : Math.min(start + Math.max(word.length, 1), to) };
}
