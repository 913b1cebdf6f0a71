// Asks the studio what is wrong with the text, and shows it: at the line, in the margin, at the field, as a list of
// buttons.
import { setDiagnostics } from "@codemirror/lint";
import { EditorView } from "@codemirror/view";

const PAUSE_MS = 150; // of typing, before the text is sent
const NOT_JUDGED = ["note", "accepted"];

export class Check {
  #form;
  #region;
  #boxes = new Map(); // number of the program, or -1 for the whole file -> Box
  #found = []; // {word, where, severity, message} and {box, from, to} or {field}, in the order of the page
  #typed = 0; // counts what was typed, so that an answer to an older text is known
  #timer;
  #request;

  constructor(form, region) {
    this.#form = form;
    this.#region = region;
  }

  add(box) {
    this.#boxes.set(box.number, box);
    box.onChange = (changes) => this.#move(box, changes);
  }

  start() {
    this.#form.addEventListener("input", ({ target }) => {
      if (NOT_JUDGED.includes(target.name)) return;
      this.#typed += 1;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask(), PAUSE_MS);
    });
    if (!("untouched" in this.#form.dataset)) this.#ask(); // an empty form is no list of mistakes
  }

  // The next finding behind where the cursor is, or with -1 the one before it; round the end if there is none.
  goOn(step) {
    const here = this.#here();
    const inOrder = step > 0 ? this.#found : this.#found.toReversed();
    const next = inOrder.find((found) => distance(found, here) * step > 0) ?? inOrder[0];
    if (next) this.#go(next);
  }

  #here() {
    const box = [...this.#boxes.values()].find(({ view }) => view.hasFocus);
    return box ? { box, from: box.view.state.selection.main.from } : { field: document.activeElement };
  }

  // Keeps findings at their text while it is edited.
  #move(box, changes) {
    for (const found of this.#found.filter((one) => one.box === box)) {
      found.from = changes.mapPos(found.from, 1);
      found.to = Math.max(found.from, changes.mapPos(found.to, -1));
    }
  }

  async #ask() {
    this.#request?.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    const asked = this.#typed;
    try {
      const body = new FormData(this.#form);
      const answer = await fetch(this.#form.dataset.check, { method: "POST", body, signal });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const said = await answer.json();
      if (asked === this.#typed) this.#show(said); // typed on: the next answer is on its way
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#say("The check gives no answer now. It is asked again when you type.");
    }
  }

  #show({ problems, findings, left_out: leftOut, checker }) {
    this.#found = [...problems.map(ofFile), ...findings.map(ofCode)]
      .map((found) => ({ ...found, ...this.#placeOf(found) }))
      .sort(compare);
    for (const box of this.#boxes.values()) {
      const inside = this.#found.filter((found) => found.box === box && found.line > 0);
      const diagnostics = inside.map(({ from, to, severity, word, message }) => {
        return { from, to, severity, message: `${word}: ${message}` };
      });
      box.view.dispatch(setDiagnostics(box.view.state, diagnostics));
    }
    this.#showAtFields();
    const list = document.createElement("ul");
    list.className = "problems";
    list.append(...this.#found.map((found) => this.#item(found)));
    this.#region.querySelectorAll("ul").forEach((old) => old.remove());
    this.#region.append(list);
    this.#say(`${summary(this.#found)}${leftOut ? `, and ${leftOut} more` : ""} (${checker})`);
  }

  // Where a finding stands: in the one box of Markdown, in the box of a program, or at a field of the form.
  #placeOf({ piece, program, at, line, column, end_column: endColumn }) {
    const whole = this.#boxes.get(-1);
    const box = whole ?? this.#boxes.get(program);
    if (box) return { box, ...rangeIn(box.view.state.doc, { line: whole ? line : at, column, endColumn }) };
    return { field: this.#form.querySelector(`[data-piece="${CSS.escape(piece)}"]`) ?? this.#region };
  }

  #showAtFields() {
    for (const place of this.#form.querySelectorAll("[data-said]")) {
      const { said: piece, program = -1 } = place.dataset;
      const said = this.#found.filter((one) => one.piece === piece && one.program === Number(program) && !one.at);
      place.replaceChildren(...said.map(paragraph));
      for (const field of this.#form.querySelectorAll(`[data-piece="${CSS.escape(piece)}"]`)) {
        if (said.length) field.setAttribute("aria-invalid", "true");
        else field.removeAttribute("aria-invalid");
      }
    }
  }

  #say(sentence) {
    const status = this.#region.querySelector("[role=status]");
    if (status.textContent !== sentence) status.textContent = sentence; // a repeated sentence is not read out again
  }

  #item(found) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    item.className = found.severity;
    button.type = "button";
    button.append(...labelled(found));
    button.addEventListener("click", () => this.#go(found));
    item.append(button);
    return item;
  }

  #go({ box, field, from, to, word, message }) {
    if (box) {
      const announce = EditorView.announce.of(`${word}: ${message}`);
      box.view.dispatch({
        selection: { anchor: from, head: to },
        effects: [EditorView.scrollIntoView(from, { y: "center" }), announce],
      });
      box.view.focus();
    } else {
      const target = field.matches("fieldset") ? field.querySelector("input") : field;
      target.focus();
      target.scrollIntoView({ block: "center" });
    }
  }
}

const compare = (a, b) => distance(a, b) || a.to - b.to || 0;

// Below 0 when `a` stands before `b`: on the page, and inside one box in the text.
function distance(a, b) {
  if (a.box && a.box === b.box) return a.from - b.from;
  const [first, second] = [a, b].map((one) => one.box?.view.dom ?? one.field);
  if (first === second) return 0;
  return first.compareDocumentPosition(second) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1;
}

const ofFile = (problem) => ({
  ...problem,
  word: problem.severity === "error" ? "Error" : "Warning",
  message: `${problem.message} ${problem.suggestion}`.trimEnd(),
});

const ofCode = (finding) => ({ ...finding, word: finding.certain ? "Error" : "Hint" });

function labelled({ word, where, message }) {
  const place = document.createElement("strong");
  place.textContent = where ? `${word}, ${where}:` : `${word}:`;
  return [place, ` ${message}`];
}

function paragraph({ severity, word, message }) {
  const said = document.createElement("p");
  said.className = severity;
  said.append(...labelled({ word, message }));
  return said;
}

function summary(found) {
  const counted = ["Error", "Warning", "Hint"]
    .map((word) => [found.filter((one) => one.word === word).length, word.toLowerCase()])
    .filter(([count]) => count)
    .map(([count, word]) => `${count} ${word}${count > 1 ? "s" : ""}`);
  return counted.length ? `Found ${counted.join(", ")}` : "Nothing found";
}

// Where a finding stands in a document. Lines and columns count from 1, columns in characters and not in UTF-16.
function rangeIn(doc, { line, column, endColumn }) {
  const { from, to, text } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  if (!column) return { from, to };
  const at = (count) => Math.min(from + [...text].slice(0, count - 1).join("").length, to);
  const start = at(column);
  const word = /^(?:[\w$%!#]+|".*)/.exec(text.slice(start - from))?.[0] ?? "";
  return { from: start, to: endColumn ? at(endColumn) : Math.min(start + Math.max(word.length, 1), to) };
}
