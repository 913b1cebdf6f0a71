// An example file for CodeMirror: YAML front matter, Markdown, and BBj in the fences tagged bbj.
import { defineLanguageFacet, Language, LanguageSupport, syntaxHighlighting } from "@codemirror/language";
import { tagHighlighter, tags } from "@lezer/highlight";
import { parseCode, parser } from "@lezer/markdown";
import { bbjParser, bbjStyles } from "./bbj.mjs";

const KEY = /^([\w-]+)\s*:(?:\s+("[^"]*"|'[^']*'))?/;
const BODY = /^(?:##|```|~~~)/; // front matter that is never closed ends here, so that the rest keeps its colours

const frontMatter = {
  defineNodes: [
    { name: "FrontMatter", block: true },
    { name: "FrontMatterMark", style: tags.processingInstruction },
    { name: "FrontMatterKey", style: tags.propertyName },
    { name: "FrontMatterString", style: tags.string },
    { name: "FrontMatterComment", style: tags.comment },
  ],
  parseBlock: [
    {
      name: "FrontMatter",
      before: "IndentedCode",
      parse(context, line) {
        if (context.lineStart !== 0 || line.text.trimEnd() !== "---") return false;
        const found = [context.elt("FrontMatterMark", 0, 3)];
        const add = (name, from, length) => {
          found.push(context.elt(name, context.lineStart + from, context.lineStart + from + length));
        };
        while (context.nextLine() && !BODY.test(line.text)) {
          if (line.text.trimEnd() === "---") {
            add("FrontMatterMark", 0, 3);
            context.nextLine();
            break;
          }
          const [whole, key, string] = KEY.exec(line.text) ?? [];
          if (key) add("FrontMatterKey", 0, key.length);
          if (string) add("FrontMatterString", whole.length - string.length, string.length);
          if (line.text.startsWith("#")) add("FrontMatterComment", 0, line.text.length);
        }
        context.addElement(context.elt("FrontMatter", 0, context.prevLineEnd(), found));
        return true;
      },
    },
  ],
};

const styles = tagHighlighter([
  ...bbjStyles,
  { tag: tags.heading, class: "tok-gh" },
  { tag: tags.emphasis, class: "tok-ge" },
  { tag: tags.strong, class: "tok-gs" },
  { tag: [tags.processingInstruction, tags.contentSeparator, tags.labelName], class: "tok-p" },
  { tag: tags.comment, class: "tok-c1" },
  { tag: tags.propertyName, class: "tok-na" },
  { tag: tags.string, class: "tok-s2" },
  { tag: [tags.link, tags.url], class: "tok-nn" },
]);

const withFences = parser.configure([
  frontMatter,
  parseCode({ codeParser: (info) => (info.split(/\s/)[0] === "bbj" ? bbjParser : null) }),
]);

export function exampleFile() {
  return support(withFences, "example");
}

export function bbjProgram() {
  return support(bbjParser, "bbj");
}

function support(parser, name) {
  const language = new Language(defineLanguageFacet(), parser, [], name);
  return new LanguageSupport(language, syntaxHighlighting(styles));
}
