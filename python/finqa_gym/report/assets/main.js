// Where the reader of the page is: the overview, the list, an episode. The address says it after its hash.

const FILTER_NAMES = ["series", "outcome", "failure", "wrong", "flag", "type", "split", "level", "tables", "q", "min", "max", "sort"];

class Page {
  constructor(episodes) {
    this.episodes = episodes;
    this.facets = makeFacets(episodes);
    this.chosen = {};
    this.shown = null;
    this.list = new EpisodeList(episodes, (row) => (location.hash = this.episodeHash(row)));
    this.reader = new Reader(episodes, this);
    this.controls();
    addEventListener("hashchange", () => this.route());
    document.addEventListener("keydown", (event) => this.onKey(event));
    this.route();
  }

  query() {
    const kept = FILTER_NAMES.filter((name) => this.chosen[name]).map((name) => [name, this.chosen[name]]);
    return kept.length ? `?${new URLSearchParams(kept)}` : "";
  }

  listHash() {
    return `#episodes${this.query()}`;
  }

  episodeHash(row) {
    const { run, episode } = this.episodes.index;
    return `#episode/${run[row]}/${episode[row]}${this.query()}`;
  }

  step(by) {
    const next = this.list.neighbour(by);
    if (next !== null) location.hash = this.episodeHash(next);
  }

  route() {
    const [path, query = ""] = location.hash.slice(1).split("?");
    const [place, run, number] = path.split("/");
    const isList = place === "episodes" || place === "episode";
    byId("overview").hidden = isList;
    byId("browser").hidden = !isList;
    document.body.classList.toggle("browsing", isList);
    for (const link of document.querySelectorAll("nav.views a")) {
      const current = (link.hash === "#episodes") === isList;
      if (current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (!isList) {
      const section = place && place !== "overview" ? byId(place) : null;
      if (section) section.scrollIntoView();
      return;
    }
    const given = new URLSearchParams(query);
    const chosen = {};
    for (const name of FILTER_NAMES) if (given.get(name)) chosen[name] = given.get(name);
    if (!this.shown || JSON.stringify(chosen) !== JSON.stringify(this.chosen)) {
      this.chosen = chosen;
      this.filter();
    }
    byId("browser").classList.toggle("reading", place === "episode");
    if (place === "episode") {
      const row = this.episodes.find(Number(run), Number(number));
      if (row < 0) {
        byId("reader").replaceChildren(el("p", { class: "hint" }, `This page does not hold episode ${number} of run ${run}.`));
        return;
      }
      this.list.mark(row);
      this.reader.show(row);
    }
  }

  controls() {
    const form = byId("filters");
    for (const facet of this.facets) {
      const select = el("select", { id: `filter-${facet.name}`, name: facet.name });
      form.querySelector(".facets").append(el("label", {}, el("span", {}, facet.label), select));
    }
    for (const [name, label] of Object.entries(SORTS)) byId("sort").append(el("option", { value: name }, label));
    const change = () => {
      const data = new FormData(form);
      this.chosen = {};
      for (const name of FILTER_NAMES) {
        const value = data.get(name);
        if (value && !(name === "sort" && value === "recorded")) this.chosen[name] = value;
      }
      history.replaceState(null, "", this.listHash());
      byId("browser").classList.remove("reading");
      this.filter();
      this.list.pane.scrollTop = 0;
    };
    form.addEventListener("input", change);
    form.addEventListener("submit", (event) => event.preventDefault());
    byId("clear").addEventListener("click", () => {
      this.chosen = {};
      history.replaceState(null, "", "#episodes");
      this.filter();
    });
  }

  filter() {
    const start = performance.now();
    this.shown = selectRows(this.episodes, this.facets, this.chosen);
    this.facets.forEach((facet, at) => this.options(facet, this.shown.counts[at]));
    for (const name of ["q", "min", "max"]) {
      if (byId(name) !== document.activeElement) byId(name).value = this.chosen[name] || "";
    }
    byId("sort").value = this.chosen.sort || "recorded";
    byId("clear").hidden = !this.query();
    this.list.show(this.shown.rows);
    const { rows } = this.shown;
    const { correct, flags, names } = this.episodes.index;
    const fault = 1 << names.flags.indexOf("infra_fault"); // says nothing about the policy
    let right = 0;
    let graded = 0;
    for (const row of rows) {
      if (correct[row] < 0 || flags[row] & fault) continue;
      if (correct[row] === 1) right++;
      graded++;
    }
    const share = graded ? `, ${((right / graded) * 100).toFixed(1)} % right` : "";
    byId("found").textContent = `${plural(rows.length, "episode")}${share}`;
    document.documentElement.dataset.filterMs = (performance.now() - start).toFixed(1);
  }

  options(facet, counts) {
    const select = byId(`filter-${facet.name}`);
    const chosen = this.chosen[facet.name] || "";
    const label = (text, count) => `${text} (${count.toLocaleString("en")})`;
    const options = [el("option", { value: "" }, "any")];
    facet.options.forEach(([value, text], at) => {
      if (counts[at] || value === chosen) options.push(el("option", { value }, label(text, counts[at])));
    });
    select.replaceChildren(...options);
    select.value = chosen;
    select.classList.toggle("set", Boolean(chosen));
  }

  onKey(event) {
    const typing = event.target instanceof Element && event.target.closest("input, select, textarea");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "/") {
      event.preventDefault();
      if (byId("browser").hidden) location.hash = this.listHash();
      setTimeout(() => byId("q").focus());
    } else if (!byId("browser").hidden) {
      if (event.key === "]" || event.key === "j") this.step(1);
      else if (event.key === "[" || event.key === "k") this.step(-1);
      else if (event.key === "Escape" && byId("browser").classList.contains("reading")) location.hash = this.listHash();
    }
  }
}

async function start() {
  startTheme();
  if (typeof DecompressionStream === "undefined") {
    byId("empty").hidden = false;
    byId("empty").textContent = "This browser cannot decompress the episodes; any from 2023 on can.";
    return;
  }
  const index = await unpackBlock("index");
  startTerms(index.meanings);
  startSql(index.sql);
  const episodes = new Episodes(index);
  episodes.hueOf = (row) => index.hues[index.run[row]];
  new Page(episodes);
  document.documentElement.dataset.ready = "true";
}

start();
