// BBj for CodeMirror. Which piece of a program has which class is said by the Python side's own table.
import { NodeSet, NodeType, Parser, Tree } from "@lezer/common";
import { styleTags, Tag } from "@lezer/highlight";
import { classified, placeIn } from "./classified.mjs";
import table from "./token_classes.json" with { type: "json" };

const NAMES = Object.keys(table.classes);
const TAGS = NAMES.map(() => Tag.define());
const NODES = new NodeSet([
  NodeType.define({ id: 0, name: "BBj", top: true }),
  ...NAMES.map((words, n) => {
    const name = words.replaceAll(" ", "");
    return NodeType.define({ id: n + 1, name, props: [styleTags({ [name]: TAGS[n] })] });
  }),
]);

// For tagHighlighter: which tag gets which class of studio.css.
export const bbjStyles = NAMES.map((name, n) => ({ tag: TAGS[n], class: table.classes[name] }))
  .filter((style) => style.class);

// No StreamLanguage: a continuation may cut a word in two, so a line cannot be read without the one below it.
// A whole program is read at once.
class BbjParser extends Parser {
  createParse(input, _fragments, ranges) {
    const { to } = ranges.at(-1);
    return { parsedPos: to, stoppedAt: null, stopAt() {}, advance: () => tree(input, ranges) };
  }
}

function tree(input, ranges) {
  const start = ranges[0].from;
  const length = ranges.at(-1).to - start;
  const pieces = [];
  let source = "";
  for (const { from, to } of ranges) {
    pieces.push([source.length, from - start]);
    source += input.read(from, to);
  }
  const place = placeIn(pieces);
  const buffer = [];
  for (const { name, from, to } of classified(source)) {
    buffer.push(NAMES.indexOf(name) + 1, place(from), place(to - 1) + 1, 4);
  }
  buffer.push(0, 0, length, buffer.length + 4);
  return Tree.build({ buffer, nodeSet: NODES, topID: 0, length });
}

export const bbjParser = new BbjParser();
