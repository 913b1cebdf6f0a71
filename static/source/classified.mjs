// The twin of `classified` in curation/domain/bbj/token_classes.py, and of the functions in lexer.py that cut the
// source: a change there is made here too. It needs no package, so that a test can run it alone.
import table from "./token_classes.json" with { type: "json" };

const TOKEN = new RegExp(table.patterns.token, "suy");
const OPENING = new RegExp(table.patterns.opening, "isuy");
const BLANK = new RegExp(table.patterns.blank, "uy");
const STATIC_CALL = new RegExp(table.patterns.static_call, "uy");
const PHYSICAL_LINE = /([^\r\n]*)(?:\r\n|\r|\n|$)/y;
const RULES = table.rules.map((rule) => ({
  ...rule,
  ...Object.fromEntries(["kinds", "words", "after", "before"].map((key) => [key, new Set(rule[key])])),
}));

// {name, from, to} of every piece that is no blank, in the order of the source.
export function* classified(source) {
  for (const line of logicalLines(source)) {
    const tokens = tokenise(line.text);
    const place = placeIn(line.pieces);
    for (const [n, token] of tokens.entries()) {
      const name = classOf(token, tokens[n - 1]?.word ?? "", tokens[n + 1]?.word ?? "");
      yield { name, from: place(token.at), to: place(token.at + token.text.length - 1) + 1 };
    }
  }
}

function classOf({ kind, word }, before, after) {
  const fits = (rule) =>
    rule.kinds.has(kind) &&
    (!rule.words.size || rule.words.has(word)) &&
    word.startsWith(rule.start) &&
    (!rule.after.size || rule.after.has(before)) &&
    (!rule.before.size || rule.before.has(after));
  return RULES.find(fits)?.token_class ?? "plain";
}

// Physical lines joined with their continuations; `pieces` are [offset in text, offset in source].
function logicalLines(source) {
  const lines = [];
  for (let at = 0; at < source.length; ) {
    PHYSICAL_LINE.lastIndex = at;
    const [whole, text] = PHYSICAL_LINE.exec(source);
    const line = lines.at(-1);
    if (line && text.startsWith(":") && !match(STATIC_CALL, text, 0)) {
      line.pieces.push([line.text.length, at + 1]);
      line.text += text.slice(1);
    } else {
      lines.push({ text, pieces: [[0, at]] });
    }
    at += whole.length;
  }
  return lines;
}

// For a text joined from pieces [offset in it, offset outside]: turns offsets in it, asked for in rising order,
// into those outside.
export function placeIn(pieces) {
  let n = 0;
  return (at) => {
    while (n + 1 < pieces.length && pieces[n + 1][0] <= at) n += 1;
    return pieces[n][1] + at - pieces[n][0];
  };
}

function tokenise(text) {
  const tokens = [];
  const add = (kind, piece, at) => tokens.push({ kind, text: piece, word: piece.toLowerCase(), at });
  const skipBlank = (at) => match(BLANK, text, at)[0].length + at;
  let at = skipBlank(0);
  let atStart = at < text.length;
  while (at < text.length) {
    const opening = atStart && match(OPENING, text, at);
    atStart = false;
    if (opening) {
      [at, atStart] = openStatement(text, at, opening, add, skipBlank);
    } else {
      const found = match(TOKEN, text, at);
      const group = found.findIndex((part, n) => n > 0 && part !== undefined);
      let kind = table.kinds[group];
      if (kind === "string" && !found[3]) kind = "open string";
      if (kind === "number" && !tokens.length && /^\p{Nd}+$/u.test(found[0])) kind = "line number";
      const branch = kind === "name" && /^(then|else)$/i.test(found[0]) && tokens.at(-1)?.text !== ".";
      atStart = branch || kind === "line number" || found[0] === ";";
      add(kind, found[0], at);
      at += found[0].length;
    }
    at = skipBlank(at);
  }
  return tokens;
}

// Takes a comment, a label, or a verb with a raw rest: where to go on, and whether a statement starts there.
function openStatement(text, at, opening, add, skipBlank) {
  const [found, comment, use, , , label] = opening;
  const end = at + found.length;
  if (comment !== undefined) {
    add("comment", found, at);
    return [text.length, false];
  }
  if (label !== undefined) {
    add("label", found, at);
    const colon = text.indexOf(":", end);
    add("sign", ":", colon);
    return [colon + 1, true];
  }
  add("name", found, at);
  const start = skipBlank(end);
  const semicolon = use === undefined ? -1 : text.indexOf(";", start);
  const stop = semicolon < 0 ? text.length : semicolon;
  add("raw", text.slice(start, stop), start);
  return [stop, false];
}

function match(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
