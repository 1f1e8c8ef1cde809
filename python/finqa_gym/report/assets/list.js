// The list of episodes: only rows in sight exist.

const ROW_HEIGHT = 54;
const MARGIN_ROWS = 8;

class EpisodeList {
  constructor(episodes, open) {
    this.episodes = episodes;
    this.open = open;
    this.rows = [];
    this.current = -1;
    this.nodes = new Map();
    this.pane = byId("list");
    this.sheet = byId("sheet");
    this.pane.addEventListener("scroll", () => this.schedule(), { passive: true });
    this.pane.addEventListener("keydown", (event) => this.onKey(event));
    this.sheet.addEventListener("click", (event) => {
      const node = event.target.closest("[role=option]");
      if (node) this.open(Number(node.dataset.row));
    });
    new ResizeObserver(() => this.schedule()).observe(this.pane);
  }

  show(rows) {
    this.rows = rows;
    this.places = new Int32Array(this.episodes.size).fill(-1);
    for (let place = 0; place < rows.length; place++) this.places[rows[place]] = place;
    this.sheet.style.height = `${rows.length * ROW_HEIGHT}px`;
    for (const node of this.nodes.values()) node.remove();
    this.nodes.clear();
    byId("empty").hidden = rows.length > 0;
    this.paint();
  }

  placeOf(row) {
    return row < 0 ? -1 : this.places[row];
  }

  /** Marks a row as the one that is read, and brings it into sight. */
  mark(row) {
    this.current = row;
    const place = this.placeOf(row);
    if (place >= 0) {
      const top = place * ROW_HEIGHT;
      const { scrollTop, clientHeight } = this.pane;
      if (top < scrollTop) this.pane.scrollTop = top;
      else if (top + ROW_HEIGHT > scrollTop + clientHeight) {
        this.pane.scrollTop = top + ROW_HEIGHT - clientHeight;
      }
    }
    this.paint();
  }

  /** The row `by` places away from the current one; null at the ends. */
  neighbour(by) {
    const place = this.placeOf(this.current);
    const next = place < 0 ? 0 : place + by;
    return next >= 0 && next < this.rows.length ? this.rows[next] : null;
  }

  schedule() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.paint();
    });
  }

  paint() {
    const { scrollTop, clientHeight } = this.pane;
    const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - MARGIN_ROWS);
    const last = Math.min(this.rows.length, Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT) + MARGIN_ROWS);
    for (const [place, node] of this.nodes) {
      if (place < first || place >= last) {
        node.remove();
        this.nodes.delete(place);
      }
    }
    for (let place = first; place < last; place++) {
      if (!this.nodes.has(place)) {
        const node = this.line(place);
        this.nodes.set(place, node);
        this.sheet.append(node);
      }
    }
    this.pane.removeAttribute("aria-activedescendant");
    for (const [place, node] of this.nodes) {
      const isCurrent = this.rows[place] === this.current;
      node.setAttribute("aria-selected", isCurrent);
      if (isCurrent) this.pane.setAttribute("aria-activedescendant", node.id);
    }
  }

  line(place) {
    const row = this.rows[place];
    const { index } = this.episodes;
    const task = this.episodes.task(row);
    const [mark, kind, said] = outcomeMark(index.correct[row]);
    const failure = index.failures[index.failure[row]];
    const step = index.step[row];
    const node = el(
      "div",
      {
        role: "option",
        id: `row-${place}`,
        class: "row",
        "data-row": row,
        "aria-posinset": place + 1,
        "aria-setsize": this.rows.length,
      },
      el("span", { class: `mark ${kind}`, role: "img", "aria-label": said }, mark),
      el("span", { class: "line" },
        el("span", { class: "what" }, task.question || task.id),
        el("span", { class: "n" }, decimal(index.reward[row], 2))),
      el("span", { class: "line small" },
        el("span", { class: "who" }, key(this.episodes.hueOf(row)), index.runs[index.run[row]].name,
          step === null ? null : ` · step ${step}`, ` · ${task.id}`),
        el("span", {}, failure ? failure.replaceAll("_", " ") : plural(index.turns[row], "turn"))),
    );
    node.style.transform = `translateY(${place * ROW_HEIGHT}px)`;
    return node;
  }

  onKey(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
    if (event.key in steps) {
      event.preventDefault();
      const place = this.placeOf(this.current);
      const wanted = place < 0 ? 0 : place + steps[event.key];
      if (this.rows.length) this.open(this.rows[Math.min(Math.max(wanted, 0), this.rows.length - 1)]);
    } else if (event.key === "Home" || event.key === "End") {
      event.preventDefault();
      if (this.rows.length) this.open(event.key === "Home" ? this.rows[0] : this.rows.at(-1));
    } else if (event.key === "Enter") {
      byId("reader").focus();
    }
  }
}

function outcomeMark(correct) {
  if (correct < 0) return ["?", "unknown", "not graded"];
  return correct === 1 ? ["✓", "good", "right"] : ["✗", "bad", "wrong"];
}
