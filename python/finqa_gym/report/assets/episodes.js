// The episodes: a columnar index at hand, records in compressed chunks that are opened when needed.
// `payload.py` is the other end.

const CHUNKS_KEPT = 32;

async function unpackBlock(id) {
  const binary = atob(byId(id).textContent);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

class Episodes {
  constructor(index) {
    this.index = index;
    this.size = index.run.length;
    this.blocks = new Map();
    this.searchable = index.tasks.map((task) => task.slice(0, 3).join("\n").toLowerCase());
    this.submissions = index.submission.map((text) => (text || "").toLowerCase());
  }

  /** A block, decompressed once and kept while it is among those used last. */
  block(id) {
    let found = this.blocks.get(id);
    if (found) this.blocks.delete(id);
    else found = unpackBlock(id);
    this.blocks.set(id, found);
    if (this.blocks.size > CHUNKS_KEPT) this.blocks.delete(this.blocks.keys().next().value);
    return found;
  }

  /** The place of an episode of a run; -1 if the page does not hold it. */
  find(run, episode) {
    for (let row = 0; row < this.size; row++) {
      if (this.index.run[row] === run && this.index.episode[row] === episode) return row;
    }
    return -1;
  }

  task(row) {
    const [id, question, truth, type, split, level, tables] = this.index.tasks[this.index.task[row]];
    const { types, splits } = this.index;
    return { id, question, truth, type: types[type], split: splits[split], level, tables };
  }

  /** The whole record, as `finqa_gym.trajectories.Run.episodes` returns it. */
  async record(row) {
    const chunk = await this.block(`chunk-${this.index.chunk[row]}`);
    const [facts, dimensions, checks, criteria, calls, texts, turns] = chunk.episodes[this.index.slot[row]];
    const pooled = new Set();
    const note = (number) => number !== null && number < 0 && pooled.add(this.poolOf(-1 - number));
    texts.forEach(note);
    for (const turn of turns) {
      note(turn[0]);
      note(turn[1]);
      turn[5].forEach((message) => note(message[2]));
    }
    const pool = new Map();
    await Promise.all([...pooled].map(async (n) => pool.set(n, await this.block(`pool-${n}`))));
    const text = (number) => {
      if (number === null) return null;
      if (number >= 0) return chunk.texts[number];
      const block = this.poolOf(-1 - number);
      return pool.get(block)[-1 - number - this.index.pool_starts[block]];
    };
    return this.assemble(row, { facts, dimensions, checks, criteria, calls, texts, turns }, text);
  }

  poolOf(number) {
    const starts = this.index.pool_starts;
    let block = starts.length - 1;
    while (starts[block] > number) block--;
    return block;
  }

  assemble(row, packed, text) {
    const { index } = this;
    const task = this.task(row);
    const names = index.names;
    const [
      companies, env_id, group, seed, started_ms, duration_ms, tool_ms, status, truncation_reason, outcome,
      answer_reason, failures, process, num_calls, num_prompt_tokens, num_completion_tokens, task_index,
    ] = packed.facts;
    const record = {
      episode: index.episode[row],
      policy: index.policies[index.policy[row]],
      policy_step: index.step[row],
      task_id: task.id,
      task_index,
      split: task.split,
      question_type: task.type,
      level: task.level,
      num_tables: task.tables,
      companies,
      question: task.question,
      truth: text(packed.texts[1]),
      env_id,
      group,
      seed,
      started_ms,
      duration_ms,
      tool_ms,
      status,
      truncation_reason,
      submission: text(packed.texts[2]),
      is_correct: index.correct[row] < 0 ? null : index.correct[row] === 1,
      outcome,
      reward: index.reward[row],
      answer_reason,
      wrong_answer: index.wrong_answers[index.wrong[row]],
      failure: index.failures[index.failure[row]],
      failures,
      process,
      num_turns: index.turns[row],
      num_calls,
      num_errors: index.errors[row],
      num_prompt_tokens,
      num_completion_tokens,
    };
    const named = (list, value) => Object.fromEntries(list.map((name, i) => [name, value(i)]));
    record.dimensions = named(names.dimensions, (i) => packed.dimensions[i]);
    record.checks = named(names.checks, (i) => packed.checks[i]);
    record.flags = named(names.flags, (i) => ((index.flags[row] >> i) & 1) === 1);
    record.criteria = packed.criteria.map(([id, dim, weight, score, applicable, reason]) => {
      return { id, dim, weight, score, applicable, reason };
    });
    record.calls = packed.calls.map(([turn, tool, state, error, company, table, rows, ms]) => {
      return { turn, tool, status: state, error, company, table, rows, tool_ms: ms };
    });
    record.prompt = text(packed.texts[0]);
    record.turns = packed.turns.map(([action, tool_calls, length_limited, num_tokens, reward, messages]) => {
      return {
        action: text(action),
        tool_calls: text(tool_calls),
        length_limited,
        num_tokens,
        reward,
        messages: messages.map(([id, name, content]) => ({ id, name, content: text(content) })),
      };
    });
    return { record, spans: packed.turns.map((turn) => turn[6] || null) };
  }

  /** The chat in OpenAI form. */
  messages(row, record) {
    const system = this.index.runs[this.index.run[row]].system_prompt;
    const chat = system ? [{ role: "system", content: system }] : [];
    chat.push({ role: "user", content: record.prompt });
    for (const turn of record.turns) {
      const message = { role: "assistant", content: turn.action };
      if (turn.tool_calls) message.tool_calls = JSON.parse(turn.tool_calls);
      chat.push(message);
      for (const { id, name, content } of turn.messages) {
        const reply = { role: "tool", name, content };
        if (id) reply.tool_call_id = id;
        chat.push(reply);
      }
    }
    return chat;
  }
}
