// Which episodes are listed: facets, text, range of rewards, order. One pass over the index finds the rows
// and, for each facet, how many episodes each of its options would leave.

const SORTS = {
  recorded: "as recorded",
  task: "by task",
  low: "lowest reward",
  high: "highest reward",
  turns: "most turns",
  errors: "most failed calls",
};

/**
 * Facets of the index. A row has one option (`codes`: its number, -1 for none), or any of them (`sets`: for each
 * option which rows have it).
 */
function makeFacets(episodes) {
  const { index, size } = episodes;
  const rows = (value) => Int32Array.from({ length: size }, (_, row) => value(row));
  const taskColumn = (place) => rows((row) => index.tasks[index.task[row]][place]);
  const exclusive = (name, label, options, codes) => ({ name, label, options, codes });
  const coded = (name, label, names, column, skipped) => {
    const kept = names.map((each, code) => [each, code]).filter(([each]) => each && each !== skipped);
    const place = new Int32Array(names.length).fill(-1);
    kept.forEach(([, code], at) => (place[code] = at));
    const codes = rows((row) => place[column[row]]);
    return exclusive(name, label, kept.map(([each]) => [each, each.replaceAll("_", " ")]), codes);
  };
  const numbered = (name, label, place) => {
    const found = [...new Set(index.tasks.map((task) => task[place]))].filter((n) => n !== null).sort((a, b) => a - b);
    const codes = rows((row) => found.indexOf(index.tasks[index.task[row]][place]));
    return exclusive(name, label, found.map((n) => [String(n), String(n)]), codes);
  };
  const inView = (view) => (row) =>
    index.run[row] === view.run &&
    (view.policy === null || index.policies[index.policy[row]] === view.policy) &&
    (view.steps === null ||
      // null >= 0 is true.
      (index.step[row] !== null && index.step[row] >= view.steps[0] && index.step[row] <= view.steps[1]));
  const several = (name, label, options, test) => ({
    name,
    label,
    options: options.map(([value, text]) => [value, text]),
    sets: options.map((option, at) => Uint8Array.from({ length: size }, (_, row) => (test(option, at)(row) ? 1 : 0))),
  });
  const outcomes = [["right", "right"], ["wrong", "wrong"], ["ungraded", "not graded"]];
  const facets = [
    several("series", "Run", index.views.map((view) => [view.key, view.label, view]), (option) => inView(option[2])),
    exclusive("outcome", "Outcome", outcomes, rows((row) => [2, 1, 0][index.correct[row] + 1])),
    coded("failure", "Failure", index.failures, index.failure),
    coded("wrong", "Wrong answer", index.wrong_answers, index.wrong, "none"),
    several("flag", "Flag", index.names.flags.map((name) => [name, name.replaceAll("_", " ")]),
      (_, bit) => (row) => (index.flags[row] >> bit) & 1),
    coded("type", "Type", index.types, taskColumn(3)),
    coded("split", "Split", index.splits, taskColumn(4)),
    numbered("level", "Level", 5),
    numbered("tables", "Tables", 6),
  ];
  // The overview links to failures and kinds of wrong answers even where there is one only.
  const linked = ["failure", "wrong"];
  return facets.filter(({ name, options }) => options.length > 1 || (linked.includes(name) && options.length));
}

/**
 * Rows that pass `chosen`, in its order, and for each facet how many rows each of its options would leave: those that
 * pass all other filters. Plain loops over typed arrays, since this runs at every key.
 */
function selectRows(episodes, facets, chosen) {
  const { index, size } = episodes;
  const misses = new Uint8Array(size); // filters that a row does not pass
  const missed = new Int8Array(size); // the last of them
  facets.forEach((facet, at) => {
    if (!chosen[facet.name]) return;
    const option = facet.options.findIndex(([value]) => value === chosen[facet.name]);
    const has = facet.sets && facet.sets[option];
    for (let row = 0; row < size; row++) {
      if (option >= 0 && (has ? has[row] === 1 : facet.codes[row] === option)) continue;
      misses[row]++;
      missed[row] = at;
    }
  });
  const refuse = (test) => {
    for (let row = 0; row < size; row++) if (!test(row)) misses[row] += 2;
  };
  const low = chosen.min ? Number(chosen.min) : -Infinity;
  const high = chosen.max ? Number(chosen.max) : Infinity;
  if (chosen.min || chosen.max) {
    refuse((row) => index.reward[row] !== null && index.reward[row] >= low && index.reward[row] <= high);
  }
  const found = textFilter(episodes, chosen.q || "");
  if (found) refuse(found);
  const rows = [];
  for (let row = 0; row < size; row++) if (misses[row] === 0) rows.push(row);
  const counts = facets.map((facet, at) => countOptions(facet, at, rows, misses, missed));
  sortRows(index, rows, chosen.sort || "recorded");
  return { rows, counts };
}

function countOptions(facet, at, rows, misses, missed) {
  const counts = new Int32Array(facet.options.length);
  const { codes, sets } = facet;
  if (codes) {
    for (const row of rows) if (codes[row] >= 0) counts[codes[row]]++;
    for (let row = 0; row < misses.length; row++) {
      if (misses[row] === 1 && missed[row] === at && codes[row] >= 0) counts[codes[row]]++;
    }
    return counts;
  }
  sets.forEach((has, option) => {
    let count = 0;
    for (let row = 0; row < misses.length; row++) {
      if (misses[row] === 0 || (misses[row] === 1 && missed[row] === at)) count += has[row];
    }
    counts[option] = count;
  });
  return counts;
}

/** Whether a row holds every word, in its task or in what was submitted; null without words. */
function textFilter(episodes, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return null;
  const inTask = words.map((word) => episodes.searchable.map((task) => task.includes(word)));
  return (row) =>
    words.every((word, i) => inTask[i][episodes.index.task[row]] || episodes.submissions[row].includes(word));
}

function sortRows(index, rows, order) {
  const reward = (row) => (index.reward[row] === null ? -1 : index.reward[row]);
  const by = {
    task: (a, b) => index.task[a] - index.task[b],
    low: (a, b) => reward(a) - reward(b),
    high: (a, b) => reward(b) - reward(a),
    turns: (a, b) => index.turns[b] - index.turns[a],
    errors: (a, b) => index.errors[b] - index.errors[a],
  }[order];
  if (by) rows.sort((a, b) => by(a, b) || a - b);
}
