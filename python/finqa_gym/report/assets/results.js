// What a tool answered, as a person reads it. The exact text is one click away.

const ROWS_SHOWN = 30;
const ITEMS_SHOWN = 12;

/** The content of a tool message as elements. */
function showResult(content, isError) {
  if (isError) return el("pre", { class: "text error" }, content);
  const view = viewOf(content);
  if (!view) return el("pre", { class: "text" }, content);
  const raw = el("pre", { class: "text", hidden: true }, content);
  const button = el("button", { type: "button", class: "quiet raw", "aria-pressed": "false" }, "raw");
  button.addEventListener("click", () => {
    raw.hidden = !raw.hidden;
    view.hidden = !raw.hidden;
    button.setAttribute("aria-pressed", String(!raw.hidden));
  });
  return el("div", { class: "result" }, view, raw, button);
}

function viewOf(content) {
  const trimmed = content.trim();
  const start = trimmed.search(/^\[|^\{|\n\[/);
  if (start >= 0) {
    const json = parsed(trimmed.slice(start).trim());
    const note = trimmed.slice(0, start).trim();
    const view = json === undefined ? null : viewOfJson(json);
    if (view) return el("div", {}, note ? el("p", { class: "note" }, note) : null, view);
  }
  return compactTable(content);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function viewOfJson(json) {
  if (Array.isArray(json)) {
    if (!json.length) return el("p", { class: "note" }, "no rows");
    if (json.every((item) => typeof item === "string")) return itemList(json);
    if (json.every((item) => item && typeof item === "object" && !Array.isArray(item))) {
      const columns = [...new Set(json.flatMap(Object.keys))];
      return cells(columns, json.map((record) => columns.map((column) => record[column])));
    }
    return null;
  }
  return json && Array.isArray(json.column_names) ? tableInfo(json) : null;
}

/** The schema of a table: columns with their types and, where given, their values. */
function tableInfo(info) {
  const { column_names: names, column_dtypes, unique_vals_per_col, ...rest } = info;
  const types = column_dtypes || {}; // null in results of foreign tools
  const values = unique_vals_per_col || {};
  const facts = Object.entries(rest).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return el("p", { class: "note" }, el("b", {}, name), " ", text);
  });
  const rows = names.map((name) => {
    const shown = Array.isArray(values[name]) ? values[name].map(String).join(" · ") : "";
    return [name, types[name] || "", shown];
  });
  return el("div", {}, facts, cells(["column", "type", "values"], rows, true));
}

function itemList(items) {
  const list = el("ul", { class: "items" }, items.slice(0, ITEMS_SHOWN).map((item) => el("li", {}, item)));
  if (items.length <= ITEMS_SHOWN) return list;
  const more = el("button", { type: "button", class: "quiet" }, `all ${items.length}`);
  more.addEventListener("click", () => {
    append(list, items.slice(ITEMS_SHOWN).map((item) => el("li", {}, item)));
    more.remove();
  });
  return el("div", {}, list, more);
}

function cells(columns, rows, plain) {
  const line = (row) =>
    el("tr", {}, row.map((value) => {
      const text = value === null || value === undefined ? "NULL" : typeof value === "string" ? value : JSON.stringify(value);
      const kind = value === null || value === undefined ? "faint" : !plain && /^[\s$€£(+−–-]*[\d.,]+[\s)%]*$/.test(text) ? "n" : null;
      return el("td", { class: kind }, text);
    }));
  const body = el("tbody", {}, rows.slice(0, ROWS_SHOWN).map(line));
  const head = el("tr", {}, columns.map((name) => el("th", { scope: "col" }, name)));
  const table = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Result" },
    el("table", { class: "cells" }, el("thead", {}, head), body));
  if (rows.length <= ROWS_SHOWN) return table;
  const more = el("button", { type: "button", class: "quiet" }, `all ${rows.length} rows`);
  more.addEventListener("click", () => {
    append(body, rows.slice(ROWS_SHOWN).map(line));
    more.remove();
  });
  return el("div", {}, table, more);
}

/** The lines of the compact profile: ` a | b`, with `\|` inside of a cell. */
function compactTable(content) {
  const lines = content.split("\n").filter((line) => line.trim());
  if (lines.length < 2 || !lines.every((line) => line.startsWith(" ") && / \| /.test(line))) return null;
  const rows = lines.map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|")));
  if (rows.some((row) => row.length !== rows[0].length)) return null;
  return cells(rows[0], rows.slice(1));
}
