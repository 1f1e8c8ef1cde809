"""What goes over the wire comes back the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from finqa_gym import ScriptedPolicy, VectorEnv
from finqa_gym.step_batch import take_rows
from small_corpus import small_corpus

pytest.importorskip("ray", reason="the extra ray is not installed")
pytest.importorskip("hypothesis", reason="hypothesis is not installed")

from hypothesis import given, settings
from hypothesis import strategies as st

from finqa_gym.integrations.ray import pieces
from finqa_gym.integrations.ray.actions import Actions, pack_text, unpack_text
from finqa_gym.integrations.ray.rows import Rows, Turns
from integrations.ray.rows_equal import assert_same

TEXTS = st.lists(st.text(st.characters(exclude_categories=[])), max_size=20)


@given(TEXTS)
def test_texts(texts: list[str]) -> None:
    assert unpack_text(pack_text(texts)) == texts


MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "content": st.none() | st.text(),
        "tool_calls": st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    },
)


@settings(max_examples=60)  # each builds a dozen nested messages
@given(st.lists(st.text() | MESSAGES, min_size=1, max_size=12), st.data())
def test_actions(actions: list[Any], data: Any) -> None:
    n = len(actions)
    reasons = data.draw(st.lists(st.sampled_from([None, "stop", "length"]), min_size=n, max_size=n))
    tokens = data.draw(st.lists(st.none() | st.integers(0, 9), min_size=n, max_size=n))
    rows = data.draw(st.permutations(range(n)))[: data.draw(st.integers(1, n))]
    checked = Actions.checked(actions, reasons, tokens, num_slots=n)
    taken = checked.take(np.array(rows, np.intp))
    sent = pieces.join(pieces.split(taken.pack()))
    texts, limits, counts = Actions.unpack(sent).for_engine()
    for place, row in enumerate(rows):
        action = actions[row]
        if isinstance(action, dict) and action.get("tool_calls"):
            expected: Any = {
                "content": action.get("content") or "",
                "tool_calls": action["tool_calls"],
            }
        else:
            expected = action if isinstance(action, str) else action.get("content") or ""
        assert texts[place] == expected
        assert (limits is not None and limits[place] == "length") == (reasons[row] == "length")
        assert counts is not None
        assert counts[place] == (None, tokens[row])


@pytest.mark.parametrize("num_bytes", [0, 1, 89_000, 91_000, 500_000, 5_000_000])
@pytest.mark.parametrize("num_pieces", [None, 1, 2, 12])
def test_pieces(num_bytes: int, num_pieces: int | None) -> None:
    data = np.random.default_rng(0).integers(0, 256, num_bytes, np.uint8)
    split = pieces.split((data, None), num_pieces)
    assert num_pieces in (None, len(split))
    assert len(split) <= pieces.MAX_PIECES
    np.testing.assert_array_equal(pieces.join(split)[0], data)
    sizes = [len(piece) for piece in split if isinstance(piece, bytes)]
    assert max(sizes, default=0) < 100_000
    whole = [piece for piece in split if isinstance(piece, tuple)]
    assert not whole or (len(whole) == 1 and not any(sizes)), "one object, or pieces"


def test_rows_of_a_mixed_step() -> None:
    env = VectorEnv(small_corpus(), 16, split="train")
    policy = ScriptedPolicy("recovery", env)
    observations, infos = env.reset()
    policy.reset(infos["env_id"], infos["task_index"])
    batch = env.step(policy.act(infos["env_id"], observations))
    ended = False
    while len(batch.running()[0]):
        live, texts = batch.running()
        batch = env.step(policy.act(live, texts), env_ids=live)
        over = batch.terminated | batch.truncated
        ended |= bool(over.any() and not over.all())
        sent = pieces.join(pieces.split(Rows.of(batch).pack(), 3))
        rows = Rows.unpack(sent, Turns(batch.messages.copy), 0)
        assert_same(rows.batch(), batch)
        order = np.arange(len(batch))[::-1]
        assert_same(rows.take(order).batch(), take_rows(batch, order.tolist()))
        assert_same(rows.take(order).sorted().batch(), batch)
        halves = [rows.take(order[::2]), rows.take(order[1::2])]
        assert_same(Rows.join(halves).sorted().batch(), batch)
    assert ended, "some rows ended and others did not"
