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
    applies = gold.columns["check_applicable"]
    scores = gold.columns["check_score"]
    assert applies.sum() > 4 * N
    assert (scores[applies] == 1).all()
    assert (gold.columns["process"] == 1).all()
    assert gold.flag("listed").all()
    assert gold.flag("read_schema").all()
    assert not gold.flag("had_error").any()
    assert not gold.flag("hallucinated").any()
    assert set(gold.columns["wrong_answer"].tolist()) == {0}


@pytest.mark.parametrize("profile", PROFILES)
def test_recovery_recovers(seen: Callable[..., Seen], profile: str) -> None:
    recovery = seen("recovery", profile)
    assert recovery.columns["is_correct"].all()
    assert (recovery.flag("had_error") | recovery.flag("had_empty_result")).mean() > 0.9
    assert recovery.flag("recovered").mean() > 0.3
    recovered = recovery.check("recovered_from_error")
    assert (recovered[~np.isnan(recovered)] == 1).all()
    assert not recovery.flag("repeated_failed").any()
    assert not recovery.flag("hallucinated").any()


@pytest.mark.parametrize("profile", PROFILES)
def test_guess_neither_lists_nor_finds(seen: Callable[..., Seen], profile: str) -> None:
    guess = seen("guess", profile)
    assert not guess.columns["is_correct"].all()
    assert (guess.check("listed_before_query") == 0).mean() > 0.9
    answerable = ~guess.flag("unanswerable")
    wrong = ~guess.columns["is_correct"] & answerable
    assert wrong.any()
    told = guess.flag("hallucinated") | guess.failure("gave_up")
    assert told[wrong].all()


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
    wrong = ~immediate.columns["is_correct"] & ~immediate.flag("unanswerable")
    assert wrong.mean() > 0.5
    single = np.isnan(immediate.columns["dimension_score"][:, 4])  # no completeness: no report
    rows = wrong & single
    assert immediate.flag("hallucinated")[rows].all()
    assert immediate.failure("hallucinated_after_failure")[rows].all()


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
