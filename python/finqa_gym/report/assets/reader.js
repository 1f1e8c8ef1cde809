// One episode, turn by turn.

const ATTEMPTS_SHOWN = 10;

class Reader {
  constructor(episodes, go) {
    this.episodes = episodes;
    this.go = go;
    this.asked = 0;
    this.pane = byId("reader");
  }

  async show(row) {
    const asked = ++this.asked;
    const { record, spans } = await this.episodes.record(row);
    if (asked !== this.asked) return; // another one was asked for meanwhile
    this.row = row;
    this.record = record;
    this.pane.replaceChildren(
      this.head(row, record),
      el("div", { class: "columns" }, this.course(record, spans), this.scores(record)),
    );
    this.pane.scrollTop = 0;
  }

  head(row, record) {
    const { index } = this.episodes;
    const run = index.runs[index.run[row]];
    const [mark, kind, said] = outcomeMark(index.correct[row]);
    const facts = [
      record.question_type,
      record.split,
      record.level === null ? null : `level ${record.level}`,
      record.num_tables === null ? null : plural(record.num_tables, "table"),
      record.policy_step === null ? null : `step ${record.policy_step}`,
      plural(record.num_turns, "turn"),
      plural(record.num_errors, "failed call"),
      duration(record.duration_ms),
      record.num_completion_tokens === null
        ? null
        : `${(record.num_prompt_tokens || 0).toLocaleString("en")} + ${record.num_completion_tokens.toLocaleString("en")} tokens`,
    ].filter(Boolean);
    const copy = (label, make) => {
      const button = el("button", { type: "button", class: "quiet" }, label);
      button.addEventListener("click", () => copyText(make(), button));
      return button;
    };
    return el(
      "header",
      { class: "episode" },
      el(
        "div",
        { class: "tools" },
        el("a", { class: "back", href: this.go.listHash() }, "← List"),
        el("span", { class: "steps" },
          stepButton("‹ Previous", "Previous episode ([)", () => this.go.step(-1)),
          stepButton("Next ›", "Next episode (])", () => this.go.step(1))),
        el("span", { class: "copies" },
          copy("Copy link", () => location.href),
          copy("Copy JSON", () => JSON.stringify(record, null, 1)),
          run.has_chats
            ? copy("Copy messages", () => JSON.stringify(this.episodes.messages(row, record), null, 1))
            : null),
      ),
      el("p", { class: "where" },
        el("span", { class: `mark ${kind}`, role: "img", "aria-label": said }, mark),
        key(this.episodes.hueOf(row)), el("b", {}, run.name),
        run.name === record.policy ? null : ` ${record.policy}`,
        ` episode ${record.episode} · ${record.task_id}`),
      el("h2", { class: "question" }, record.question || "(question redacted)"),
      el("p", { class: "facts" }, facts.join(" · ")),
      this.attempts(row),
    );
  }

  /** Other episodes on the same task: which run came to what. */
  attempts(row) {
    const { index } = this.episodes;
    const byRun = new Map();
    let total = 0;
    for (let other = 0; other < this.episodes.size; other++) {
      if (index.task[other] !== index.task[row]) continue;
      total++;
      if (!byRun.has(index.run[other])) byRun.set(index.run[other], []);
      byRun.get(index.run[other]).push(other);
    }
    if (total < 2) return null;
    return el("nav", { class: "attempts", "aria-label": "Attempts at this task" },
      [...byRun].map(([run, rows]) => this.attemptsOf(index.runs[run].name, rows, row)));
  }

  attemptsOf(name, rows, row) {
    const { index } = this.episodes;
    const right = rows.filter((other) => index.correct[other] === 1).length;
    const from = Math.max(0, Math.min(rows.indexOf(row) - 4, rows.length - ATTEMPTS_SHOWN));
    const links = rows.slice(from, from + ATTEMPTS_SHOWN).map((other) => {
      const [mark, kind, said] = outcomeMark(index.correct[other]);
      const label = `${name}, episode ${index.episode[other]}: ${said}`;
      return el("a", {
        href: this.go.episodeHash(other),
        class: `attempt ${kind}`,
        "aria-current": other === row ? "true" : null,
        "aria-label": label,
        title: label,
      }, mark);
    });
    return el("span", { class: "of-run" }, key(this.episodes.hueOf(rows[0])), el("span", {}, name),
      el("small", {}, `${right} of ${rows.length}`), links, rows.length > links.length ? "…" : null);
  }

  course(record, spans) {
    const calls = record.calls;
    const pieces = record.turns.map((turn, i) => piecesOf(turn, spans[i]));
    const ofTurn = record.turns.map((_, i) => calls.flatMap((call, at) => (call.turn === i + 1 ? [at] : [])));
    const raws = [];
    pieces.forEach((parts, i) => {
      parts.filter((part) => part.raw !== undefined).forEach((part, j) => {
        if (ofTurn[i][j] !== undefined) raws[ofTurn[i][j]] = part.raw;
      });
    });
    const notes = followUps(calls, raws);
    return el(
      "ol",
      { class: "turns", "aria-label": "Course of the episode" },
      el("li", { class: "turn prompt" }, el("h3", {}, "Prompt"), el("pre", { class: "text" }, record.prompt)),
      record.turns.map((turn, i) => this.turn(turn, i, pieces[i], ofTurn[i].map((at) => [calls[at], notes[at]]))),
      this.end(record),
    );
  }

  turn(turn, at, pieces, calls) {
    const parts = [];
    const messages = [...turn.messages];
    let place = 0;
    for (const piece of pieces) {
      if (piece.text !== undefined) {
        parts.push(el("pre", { class: "text said" }, piece.text));
        continue;
      }
      const [call, note] = calls[place] || [null, {}];
      parts.push(this.call(piece, call, note));
      if (!call || isAnswered(call)) parts.push(this.reply(messages.shift(), call));
      place++;
    }
    // Feedback without a call that could be read.
    const rest = calls.slice(place).filter(([call]) => isAnswered(call));
    messages.forEach((message, i) => parts.push(this.reply(message, (rest[i] || [null])[0])));
    const failed = calls.some(([call]) => call.error);
    return el(
      "li",
      { class: failed ? "turn failed" : "turn", id: `turn-${at + 1}` },
      el("h3", {}, `Turn ${at + 1}`,
        turn.num_tokens === null ? null : el("small", {}, plural(turn.num_tokens, "token")),
        turn.length_limited ? el("small", { class: "bad" }, "cut at its token limit") : null),
      parts,
    );
  }

  call(piece, call, note) {
    const given = piece.arguments && typeof piece.arguments === "object" ? Object.entries(piece.arguments) : null;
    const query = given && given.find(([name, value]) => name === "query" && typeof value === "string");
    const others = given ? given.filter((entry) => entry !== query) : [];
    const state = [];
    if (call && call.error) state.push(term("error", call.error));
    else if (call && call.rows !== null && call.tool === "sql_query") state.push(plural(call.rows, "row"));
    if (call && call.tool_ms) state.push(el("small", {}, duration(call.tool_ms)));
    return el(
      "div",
      { class: call && call.error ? "call failed" : note.corrects ? "call fixed" : "call" },
      el("p", { class: "name" },
        el("b", {}, piece.name || (call && call.tool) || unnamed(call)),
        others.map(([name, value]) => el("span", { class: "argument" }, el("i", {}, name), " ",
          typeof value === "string" ? value : JSON.stringify(value))),
        el("span", { class: "state" }, state)),
      query ? el("pre", { class: "sql" }, formatSql(query[1])) : null,
      given ? null : el("pre", { class: "text" }, piece.raw),
      note.corrects ? el("p", { class: "remark good" }, `✓ corrects the failed call of turn ${note.corrects}`) : null,
      note.repeats ? el("p", { class: "remark bad" }, `✗ repeats the failed call of turn ${note.repeats} unchanged`) : null,
      call && call.error && !note.correctedBy
        ? el("p", { class: "remark bad" }, "not corrected within three calls")
        : null,
    );
  }

  reply(message, call) {
    if (!message) return null;
    const isError = Boolean(call && call.error);
    return el("div", { class: isError ? "reply failed" : "reply" }, showResult(message.content, isError));
  }

  end(record) {
    const right = record.is_correct;
    const said = right === null ? "not graded" : right ? "right" : "wrong";
    const kind = right === null ? "unknown" : right ? "good" : "bad";
    const answer = record.submission === null
      ? el("p", {}, record.status === "truncated" ? `No answer: ${record.truncation_reason.replaceAll("_", " ")}.` : "No answer was handed in.")
      : null;
    return el(
      "li",
      { class: `turn end ${kind}` },
      el("h3", {}, "Outcome: ", el("span", { class: kind }, said), el("small", {}, `reward ${decimal(record.reward)}`)),
      answer,
      el("dl", { class: "answers" },
        record.submission === null ? null : [el("dt", {}, "Submitted"), el("dd", {}, el("pre", { class: "text" }, record.submission))],
        record.truth === null ? null : [el("dt", {}, "Truth"), el("dd", {}, el("pre", { class: "text" }, record.truth))],
        record.answer_reason ? [el("dt", {}, "Because"), el("dd", {}, why("reason", record.answer_reason))] : null,
        record.failure ? [el("dt", {}, "Failure"), el("dd", {}, why("failure", record.failure))] : null,
        record.wrong_answer && record.wrong_answer !== "none"
          ? [el("dt", {}, "Kind"), el("dd", {}, why("wrong", record.wrong_answer))] : null),
    );
  }

  scores(record) {
    const names = this.episodes.index.names;
    const scored = (list, scores) => list.map((name) => [name, scores[name]]).filter(([, value]) => value !== null);
    const dimensions = scored(names.dimensions, record.dimensions);
    const checks = scored(names.checks, record.checks);
    const flags = names.flags.filter((name) => record.flags[name]);
    return el(
      "aside",
      { class: "scores", "aria-label": "Scores" },
      record.criteria.length ? [el("h3", {}, "Criteria"), this.criteria(record.criteria)] : null,
      dimensions.length ? [el("h3", {}, "Dimensions"), scoreList("dimension", dimensions)] : null,
      checks.length ? [el("h3", {}, "Behaviour", record.process === null ? null : el("small", {}, `process ${decimal(record.process)}`)),
        scoreList("check", checks)] : null,
      flags.length ? [el("h3", {}, "Flags"), el("p", { class: "flags" }, flags.map((name) => term("flag", name)))] : null,
      record.failures.length > 1
        ? [el("h3", {}, "All failures shown"), el("p", { class: "flags" }, record.failures.map((name) => term("failure", name)))]
        : null,
    );
  }

  criteria(criteria) {
    const line = (c) =>
      el("tr", { class: c.applicable ? null : "faint" },
        el("th", { scope: "row" }, (meanings.check || {})[c.id] ? term("check", c.id) : c.id, c.dim === "process" ? null : el("small", {}, c.dim)),
        el("td", { class: "n" }, c.applicable ? decimal(c.score, 2) : "n/a"),
        el("td", {}, c.reason ? term("reason", c.reason) : ""));
    const scored = criteria.filter((c) => c.dim !== "process");
    const rest = criteria.filter((c) => c.dim === "process");
    const table = (list) => el("table", { class: "criteria" }, el("tbody", {}, list.map(line)));
    return el("div", {}, scored.length ? table(scored) : null,
      rest.length ? el("details", {}, el("summary", {}, `${plural(rest.length, "criterion", "criteria")} of the process`), table(rest)) : null);
  }
}

function scoreList(kind, scores) {
  return el("ul", { class: "score" }, scores.map(([name, value]) => {
    const meter = el("meter", { min: 0, max: 1, low: 0.5, high: 0.999, optimum: 1, value, "aria-label": name });
    return el("li", {}, term(kind, name), meter, el("span", { class: "n" }, decimal(value, 2)));
  }));
}

/** What a call without a name is called. */
function unnamed(call) {
  return call && call.status === "in_reasoning" ? "call in the reasoning, not run" : "call that cannot be read";
}

function why(kind, name) {
  return [term(kind, name), " ", el("span", { class: "note" }, (meanings[kind] || {})[name] || "")];
}

function stepButton(label, said, act) {
  const button = el("button", { type: "button", class: "quiet", "aria-label": said, title: said }, label);
  button.addEventListener("click", act);
  return button;
}

async function copyText(text, button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No clipboard without a secure page: the old way.
    const area = el("textarea", { class: "unseen" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = label), 1200);
}
