// The editor of an example: CodeMirror over the form's textarea, and what the check finds while somebody types.
// Without JavaScript the textarea is the editor; with it the textarea still holds the text that the form sends.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { lintGutter } from "@codemirror/lint";
import { Check } from "./check.mjs";
import { exampleFile } from "./markdown.mjs";
import { NearDuplicates } from "./near.mjs";

// CodeMirror adds a style element of its own; the policy lets it in by this.
const { nonce } = document.currentScript;
const KEYS = "editor-keys"; // the line that says which keys there are

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

function enhance(area) {
  const label = area.labels[0];
  const check = new Check(area, document.getElementById("findings"));
  const view = new EditorView({
    doc: area.value,
    extensions: [
      EditorView.cspNonce.of(nonce),
      EditorView.contentAttributes.of({ "aria-labelledby": label.id, "aria-describedby": KEYS, tabindex: "0" }),
      EditorView.lineWrapping,
      EditorView.updateListener.of((update) => {
        if (!update.docChanged) return;
        check.move(update.changes);
        area.value = update.state.doc.toString();
        area.dispatchEvent(new Event("input", { bubbles: true })); // the draft is kept on it
      }),
      EditorState.tabSize.of(4),
      lineNumbers(),
      lintGutter(),
      history(),
      bracketMatching(),
      typeOver,
      exampleFile(),
      // Tab is not among them: it leaves the editor, as it leaves every other field.
      keymap.of([...check.keys, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
    ],
  });
  area.before(view.dom);
  area.hidden = true;
  label.removeAttribute("for");
  label.addEventListener("click", () => view.focus());
  document.getElementById(KEYS).hidden = false;
  check.start(view);
  new NearDuplicates(area, document.getElementById("near")).start();
}

document.querySelectorAll("textarea[data-check]").forEach(enhance);
