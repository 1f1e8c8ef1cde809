// Queries, laid out and lightly coloured. The words come from `sql_words.py`.

const SQL_TOKEN = /--[^\n]*|\/\*[^]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|\d[\w.]*|\w+|\s+|[^\w\s]/g;
const MAX_COLOURED = 8_000;

let sqlWords = { keywords: new Set(), functions: new Set(), lineStarts: new Set() };

function startSql(words) {
  sqlWords = {
    keywords: new Set(words.keywords),
    functions: new Set(words.functions),
    lineStarts: new Set(words.line_starts),
  };
}

const JOIN_WORDS = new Set(["LEFT", "INNER", "CROSS", "NATURAL", "OUTER"]);

/** A query as elements: clauses on lines of their own, AND and OR below them, nothing else changed. */
function formatSql(query) {
  if (query.length > MAX_COLOURED) return [query];
  const parts = [];
  let depth = 0;
  let before = "";
  let between = false;
  let line = true;
  const breakLine = (indent) => {
    if (!line) parts.push("\n");
    parts.push("  ".repeat(indent));
    line = true;
  };
  for (const token of query.match(SQL_TOKEN) || []) {
    if (/^\s+$/.test(token)) {
      if (!line) parts.push(" ");
      continue;
    }
    const word = token.toUpperCase();
    if (token === "(") depth++;
    if (token === ")") depth = Math.max(0, depth - 1);
    if (word === "BETWEEN") between = true;
    if (sqlWords.lineStarts.has(word) && !(word === "JOIN" && JOIN_WORDS.has(before)) && before !== "(") breakLine(depth);
    else if ((word === "AND" || word === "OR") && depth === 0) {
      if (between && word === "AND") between = false;
      else breakLine(1);
    }
    const kind = sqlKind(token, word);
    parts.push(kind ? el("span", { class: kind }, token) : token);
    line = false;
    before = word;
    if (token.startsWith("--")) breakLine(depth);
  }
  return parts;
}

function sqlKind(token, word) {
  if (token.startsWith("--") || token.startsWith("/*")) return "q-note";
  if (token[0] === "'") return "q-text";
  if (/^\d/.test(token)) return "q-number";
  if (sqlWords.keywords.has(word)) return "q-word";
  return sqlWords.functions.has(word) ? "q-function" : null;
}
