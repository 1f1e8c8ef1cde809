// The messages of a model, taken apart: text, and the calls in it.

/** Pieces of a turn in order: { text } or { name, arguments, raw }. */
function piecesOf(turn, spans) {
  if (turn.tool_calls) return structuredPieces(turn);
  const pieces = [];
  let end = 0;
  // Brackets around a list of calls are no text.
  const text = (from, to) => {
    const between = turn.action.slice(from, to).trim();
    if (!/^[[\],]*$/.test(between)) pieces.push({ text: between });
  };
  for (const call of spans || taggedCalls(turn.action)) {
    text(end, call.start);
    pieces.push({ name: call.name, arguments: call.arguments, raw: turn.action.slice(call.start, call.end) });
    end = call.end;
  }
  text(end, turn.action.length);
  return pieces;
}

function taggedCalls(action) {
  const calls = [];
  for (const match of action.matchAll(/<tool_call>\s*([^]*?)\s*(?:<\/tool_call>|$)/g)) {
    const call = parsed(match[1]);
    const known = call && typeof call === "object" ? call : {};
    const given = known.arguments ?? known.parameters;
    calls.push({
      start: match.index,
      end: match.index + match[0].length,
      name: typeof known.name === "string" ? known.name : null,
      arguments: typeof given === "string" ? parsed(given) ?? null : given ?? null,
    });
  }
  return calls;
}

function structuredPieces(turn) {
  const pieces = turn.action.trim() ? [{ text: turn.action.trim() }] : [];
  for (const call of parsed(turn.tool_calls) || []) {
    const made = (call && call.function) || call || {};
    const given = typeof made.arguments === "string" ? parsed(made.arguments) ?? null : made.arguments ?? null;
    pieces.push({ name: made.name ?? null, arguments: given, raw: JSON.stringify(call) });
  }
  return pieces;
}

/**
 * Whether a tool message answers a call. None does where it was passed over: it stands in the model's reasoning, or it
 * cannot be read and the environment ignores such calls. `is_answered` of `calls.py` is the same.
 */
function isAnswered(call) {
  return call.status === "ok" || call.status === "repaired" || Boolean(call.error);
}

/** For each call: which failed call it corrects or repeats, as { corrects } or { repeats } turn numbers. */
function followUps(calls, raws) {
  const notes = calls.map(() => ({}));
  calls.forEach((call, at) => {
    if (!call.error) return;
    const succeeds = (next) => next.tool === call.tool && isAnswered(next) && !next.error;
    const later = calls.findIndex((next, i) => i > at && i <= at + 3 && succeeds(next));
    if (later >= 0 && raws[later] !== raws[at]) {
      notes[later].corrects = call.turn;
      notes[at].correctedBy = calls[later].turn;
    }
    const again = calls.findIndex((_, i) => i > at && raws[i] !== undefined && raws[i] === raws[at]);
    if (again >= 0) notes[again].repeats = call.turn;
  });
  return notes;
}
