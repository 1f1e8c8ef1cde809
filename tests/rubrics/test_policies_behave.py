"""The scripted policies come out as they behave, in every profile; and the same on any threads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")

MakeEnv = Callable[..., Any]
Play = Callable[..., dict[str, Any]]

PROFILES = ("rllm", "openenv", "compact")
N = 96


class Seen:
    """Columns by name."""

    def __init__(self, env: Any, columns: dict[str, Any]) -> None:
        self.schema = env.rubric_schema
        self.columns = columns

    def flag(self, name: str) -> Any:
        return self.columns["flags"][:, self.schema.flags.index(name)]

    def failure(self, name: str) -> Any:
        return self.columns["failures"][:, self.schema.failures.index(name)]

    def check(self, name: str) -> Any:
        return self.columns["check_score"][:, self.schema.checks.index(name)]

    def applies(self, name: str) -> Any:
        return self.columns["check_applicable"][:, self.schema.checks.index(name)]

    def classes(self) -> set[str]:
        codes = self.columns["failure"]
        return {self.schema.failures[code] for code in codes[codes >= 0]}


@pytest.fixture
def seen(make: MakeEnv, play: Play) -> Callable[..., Seen]:
    def run(policy: str, profile: str, **options: Any) -> Seen:
        env = make(N, tool_profile=profile, seed=1, **options)
        return Seen(env, play(env, policy))

    return run


@pytest.mark.parametrize("profile", PROFILES)
def test_gold_is_clean(seen: Callable[..., Seen], profile: str) -> None:
    gold = seen("gold", profile)
    assert gold.columns["is_correct"].all()
    assert (gold.columns["failure"] == -1).all()
    assert not gold.columns["failures"].any()
    applies = gold.columns["check_applicable"].copy()
    if profile == "openenv":  # it has no calculator, and gold works out in its head
        applies[:, gold.schema.checks.index("calculator_used")] = False
    assert applies.sum() > 4 * N
    assert (gold.columns["check_score"][applies] == 1).all()
    if profile != "openenv":
        assert (gold.columns["process"] == 1).all()
    for flag in ("listed", "read_schema", "queried", "submitted"):
        assert gold.flag(flag).all(), flag
    for flag in ("had_error", "hallucinated", "malformed_call", "repeated_failed"):
        assert not gold.flag(flag).any(), flag
    assert (gold.flag("declined") == gold.flag("unanswerable")).all()
    assert set(gold.columns["wrong_answer"].tolist()) == {0}


@pytest.mark.parametrize("profile", PROFILES)
def test_recovery_recovers(seen: Callable[..., Seen], profile: str) -> None:
    recovery = seen("recovery", profile)
    assert recovery.columns["is_correct"].all()
    assert (recovery.flag("had_error") | recovery.flag("had_empty_result")).mean() > 0.9
    recovered = recovery.check("recovered_from_error")
    failed = ~np.isnan(recovered)
    assert failed.mean() > 0.5
    assert (recovered[failed] == 1).all()
    assert (recovery.flag("recovered") == failed).all()
    handled = recovery.check("handled_empty")
    assert (handled[~np.isnan(handled)] == 1).all()
    assert not recovery.flag("repeated_failed").any()
    assert not recovery.flag("hallucinated").any()
    assert not recovery.failure("no_correction").any()


@pytest.mark.parametrize("profile", PROFILES)
def test_guess_finds_nothing_and_invents_or_gives_up(
    seen: Callable[..., Seen], profile: str
) -> None:
    guess = seen("guess", profile)
    assert not guess.columns["is_correct"].any()
    assert 0.3 < (guess.check("listed_before_query") == 0).mean() < 0.7
    assert (guess.check("inspected_before_query") == 0).all()
    assert (guess.check("recovered_from_error") == 0).all()
    assert guess.failure("no_correction").all()
    assert guess.failure("no_schema").all()
    invented, gave_up = guess.flag("hallucinated"), guess.failure("gave_up")
    assert not (invented & gave_up).any()
    asks_number = guess.applies("no_hallucinated_answer")
    rows = asks_number & ~guess.flag("unanswerable")
    assert (invented | gave_up)[rows].all()
    assert invented.sum() > 10 < gave_up.sum()
    unanswerable = guess.flag("unanswerable")
    assert guess.failure("answered_unanswerable")[unanswerable & invented].all()
    known = {"gave_up", "hallucinated_after_failure", "answered_unanswerable"}
    assert known <= guess.classes() <= known | {"unknown_table", "no_correction"}


@pytest.mark.parametrize("profile", PROFILES)
def test_reading_every_table_is_not_access_to_the_right_ones(
    seen: Callable[..., Seen], profile: str
) -> None:
    spam, gold = seen("spam_tables", profile), seen("gold", profile)
    access = spam.check("table_access")
    assert np.nanmean(access) < 0.5
    assert np.nanmean(gold.check("table_access")) == 1
    assert not spam.flag("queried").any()


@pytest.mark.parametrize("profile", PROFILES)
def test_a_number_at_once_is_invented(seen: Callable[..., Seen], profile: str) -> None:
    immediate = seen("immediate", profile)
    assert not immediate.flag("listed").any()
    assert not immediate.flag("queried").any()
    rows = immediate.applies("no_hallucinated_answer") & ~immediate.columns["is_correct"]
    assert rows.mean() > 0.8
    assert immediate.flag("hallucinated")[rows].all()
    assert immediate.failure("hallucinated_after_failure")[rows].all()
    unanswerable = immediate.flag("unanswerable")
    assert unanswerable.any()
    assert immediate.failure("answered_unanswerable")[unanswerable].all()
    assert (immediate.check("table_access") == 0).all()


@pytest.mark.parametrize("policy", ["recovery", "guess", "random"])
def test_columns_do_not_depend_on_threads(seen: Callable[..., Seen], policy: str) -> None:
    runs = [seen(policy, "rllm", num_threads=n, reward="shaped").columns for n in (1, 2, 8)]
    for name, values in runs[0].items():
        for other in runs[1:]:
            np.testing.assert_array_equal(values, other[name], err_msg=name)


def test_the_cache_of_results_changes_no_score(make: MakeEnv, play: Play) -> None:
    cached, bare = (play(make(N, seed=1, cache_bytes=size), "recovery") for size in (None, 0))
    for name, values in cached.items():
        np.testing.assert_array_equal(values, bare[name], err_msg=name)


def test_forgetting_messages_changes_no_score(make: MakeEnv, play: Play) -> None:
    kept, bare = (play(make(N, seed=1, keep_messages=keep), "guess") for keep in (True, False))
    for name, values in kept.items():
        np.testing.assert_array_equal(values, bare[name], err_msg=name)


def test_a_query_counts_for_its_table_where_no_argument_names_it(make: MakeEnv) -> None:
    env = make(1, tool_profile="compact")
    env.reset()
    company = env.corpus.task(env.episode(0)["task_index"])["companies"][0]
    tables = env.corpus.tables(company)
    name, column = tables[1]["name"], tables[1]["columns"][0]
    queries = [
        f'SELECT "{column}" FROM "{name}" LIMIT 1',
        f'SELECT a."{column}" FROM nothing b, {name.upper()} a',
        f"SELECT \"{column}\" FROM no_such_table WHERE 'FROM {name}' = ''",
    ]
    call = '<tool_call>{"name": "%s", "arguments": {"query": %s}}</tool_call>'
    specs = [tool["function"] for tool in env.tools]
    sql = next(spec["name"] for spec in specs if "query" in spec["parameters"]["properties"])
    for query in queries:
        env.step([call % (sql, json.dumps(query))])
    calls = env.episode(0)["calls"]
    assert [entry["table"] for entry in calls] == [name, name, None]
    assert calls[2]["error"] == "sql_no_such_table"
