// Making elements. Whatever a model wrote goes through here as text, never as markup.

const byId = (id) => document.getElementById(id);

/** An element: el("td", { class: "n", onclick: f }, "text", child, null). */
function el(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(node, child);
    else if (child !== null && child !== undefined && child !== false) {
      node.append(child instanceof Node ? child : String(child));
    }
  }
}

/** A stable name that explains itself on hover, focus and tap. */
function term(kind, name, shown) {
  const text = shown || name.replaceAll("_", " ");
  return el("button", { type: "button", class: "term", "data-kind": kind, "data-name": name }, text);
}

/** The colour key of a series. */
function key(hue) {
  return el("span", { class: `key s${hue % 8}`, "aria-hidden": "true" });
}

const plural = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many || `${one}s`}`;

function decimal(value, decimals = 3) {
  return value === null || value === undefined || Number.isNaN(value) ? "–" : value.toFixed(decimals);
}

function duration(ms) {
  if (ms === null) return null;
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
