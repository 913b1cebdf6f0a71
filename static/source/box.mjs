// A CodeMirror over a textarea. Without JavaScript the textarea is the editor; with it the textarea still holds the
// text that the form sends, and an input event on it says that somebody typed.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { lintGutter } from "@codemirror/lint";
import { searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { bbjProgram, exampleFile } from "./markdown.mjs";

// CodeMirror adds a style element of its own; the policy lets it in by this.
const { nonce } = document.currentScript;
export const KEYS = "editor-keys"; // the line that says which keys there are
const LANGUAGES = { file: exampleFile, bbj: bbjProgram };

// Left alone, Chromium writes the looks of what is typed over into style attributes, which the policy refuses.
const typeOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const range = document.getSelection().getRangeAt(0); // CodeMirror may not know of it yet
    if (event.inputType !== "insertText" || !event.data || range.collapsed) return false;
    const insert = view.state.toText(event.data);
    const from = view.posAtDOM(range.startContainer, range.startOffset);
    const to = view.posAtDOM(range.endContainer, range.endOffset);
    const selection = { anchor: from + insert.length };
    view.dispatch({ changes: { from, to, insert }, selection, userEvent: "input.type", scrollIntoView: true });
    return true;
  },
});

export class Box {
  constructor(area) {
    const label = area.labels[0];
    this.number = Number(area.closest("[data-number]")?.dataset.number ?? -1); // of the program in the form
    this.onChange = () => {};
    this.view = new EditorView({
      doc: area.value,
      extensions: [
        EditorView.cspNonce.of(nonce),
        EditorView.contentAttributes.of({ "aria-labelledby": label.id, "aria-describedby": KEYS, tabindex: "0" }),
        EditorView.lineWrapping,
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          this.onChange(update.changes);
          area.value = update.state.doc.toString();
          area.dispatchEvent(new Event("input", { bubbles: true }));
        }),
        EditorState.tabSize.of(4),
        lineNumbers(),
        lintGutter(),
        history(),
        bracketMatching(),
        typeOver,
        LANGUAGES[area.dataset.box](),
        // Tab is not among them: it leaves the editor, as it leaves every other field.
        keymap.of([...searchKeymap, ...historyKeymap, ...defaultKeymap]),
      ],
    });
    area.before(this.view.dom);
    area.hidden = true;
    label.removeAttribute("for");
    label.addEventListener("click", () => this.view.focus());
  }
}
