"""What runs come to: numbers worked out by hand."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from finqa_gym import build_info, query, statistics
from finqa_gym.analysis import Prices, Summary, summarise
from finqa_gym.report.findings import findings
from report.shaped_runs import call, episode, run_of, wrong


def test_counts_shares_and_means_are_those_of_the_episodes(tmp_path: Path) -> None:
    records = [
        episode(0),
        wrong(1, "no_schema", num_turns=4, num_errors=2),
        wrong(2, "no_schema", wrong_answer="sign"),
        wrong(3, "gave_up", wrong_answer="declined", question_type="Growth"),
    ]
    summary = summarise([run_of(tmp_path / "base", records)])
    [head] = summary.headlines
    assert (head.episodes, head.tasks, head.pass_at_1.value) == (4, 4, 0.25)
    assert (head.turns, head.errors) == (2.5, 0.5)
    assert [(row.name, row.counts, row.shares) for row in summary.failures] == [
        ("no_schema", [2], [0.5]),
        ("gave_up", [1], [0.25]),
    ]
    assert {row.name: row.counts for row in summary.wrong_answers} == {
        "other": [1], "sign": [1], "declined": [1],
    }  # fmt: skip
    by_type = {row.name: row.values[0].value for row in summary.groups["question_type"]}
    assert by_type == {"Growth": 0.0, "Lookup": pytest.approx(1 / 3)}


def test_a_check_is_the_mean_of_the_episodes_where_it_applies(tmp_path: Path) -> None:
    records = [
        episode(0, checks={"recovered_from_error": 1.0}),
        episode(1, checks={"recovered_from_error": 0.5}),
        episode(2),
    ]
    summary = summarise([run_of(tmp_path / "base", records)])
    [row] = summary.checks
    assert (row.name, row.values[0].value, row.values[0].n) == ("recovered_from_error", 0.75, 2)


def test_what_is_not_known_is_no_zero(tmp_path: Path) -> None:
    blank = {"is_correct": None, "reward": None, "duration_ms": None, "num_prompt_tokens": None}
    summary = summarise([run_of(tmp_path / "logs", [episode(0), episode(1, **blank)])])
    [head] = summary.headlines
    assert (head.pass_at_1.value, head.pass_at_1.n) == (1.0, 1)
    assert (head.reward.value, head.prompt_tokens, head.duration_ms[0]) == (1.0, 900, 12.5)
    nothing = summarise([run_of(tmp_path / "blank", [episode(0, **blank)])]).headlines[0]
    assert nothing.pass_at_1.n == 0
    assert math.isnan(nothing.pass_at_1.value)


def test_the_difference_to_the_baseline_is_paired_by_task(tmp_path: Path) -> None:
    first = [episode(0, task_id="a"), wrong(1, "no_schema", task_id="b"),
             wrong(2, "no_schema", task_id="only here")]  # fmt: skip
    second = [episode(0, task_id="a"), episode(1, task_id="b")]
    runs = [run_of(tmp_path / "first", first), run_of(tmp_path / "second", second)]
    summary = summarise(runs)
    assert summary.pass_differences[0] is None
    found = summary.pass_differences[1]
    assert found is not None
    assert (found.estimate.value, found.estimate.n, found.num_better) == (0.5, 2, 1)
    other = summarise(runs, baseline="second").pass_differences[0]
    assert other is not None
    assert other.estimate.value == -0.5


def test_intervals_and_pass_at_k_are_those_of_the_statistics(tmp_path: Path) -> None:
    records = []
    for number in range(48):
        task, attempt = divmod(number, 4)
        is_right = (task + attempt) % 3 > 0
        made = episode(number) if is_right else wrong(number, "no_schema")
        records.append({**made, "task_id": f"t{task}"})
    summary = summarise([run_of(tmp_path / "base", records)])
    [head] = summary.headlines
    right = [record["is_correct"] for record in records]
    tasks = [record["task_id"] for record in records]
    wanted = statistics.bootstrap_interval(right, tasks)
    assert (head.pass_at_1.low, head.pass_at_1.high) == (wanted.low, wanted.high)
    assert summary.k == 4
    assert head.pass_at_k is not None
    assert head.pass_at_k.value == statistics.pass_at_k_interval(right, tasks, 4).mean


def unequal(**changes: Any) -> list[dict[str, Any]]:
    """Task a: 8 of 8 right, b: 0 of 2, c: 1 of 4."""
    records: list[dict[str, Any]] = []
    for task, outcomes in (("a", [1] * 8), ("b", [0, 0]), ("c", [1, 0, 0, 0])):
        for outcome in outcomes:
            made = episode if outcome else partial(wrong, failure="no_schema")
            records.append(made(len(records), task_id=task, **changes))
    return records


def test_every_task_counts_once_however_often_it_was_tried(tmp_path: Path) -> None:
    records = unequal()[:10]
    summary = summarise([run_of(tmp_path / "base", records)])
    [head] = summary.headlines
    assert (head.pass_at_1.value, head.pass_at_1.n, head.tasks) == (0.5, 10, 2)
    assert head.reward.value == 0.5
    assert summary.k == 2  # b was tried twice only
    assert head.pass_at_k is not None
    assert (head.pass_at_k.value, head.pass_at_k.n) == (0.5, 10)
    typed = [{**record, "question_type": "Growth"} for record in unequal()[10:]]
    groups = summarise([run_of(tmp_path / "typed", [*records, *typed])]).groups
    assert {row.name: row.values[0].value for row in groups["question_type"]} == {
        "Growth": 0.25, "Lookup": 0.5,
    }  # fmt: skip
    steps = [{**record, "policy_step": step} for step in (0, 1) for record in records]
    [curve] = summarise([run_of(tmp_path / "steps", steps)]).curves
    assert curve.values["is_correct"].tolist() == curve.values["reward"].tolist() == [0.5, 0.5]


@pytest.mark.skipif(
    "datafusion" not in build_info()["features"], reason="this build has no DataFusion"
)
def test_the_numbers_are_those_of_the_views_of_sql(tmp_path: Path) -> None:
    fault = wrong(99, "infra_fault", task_id="c", flags={"infra_fault": True})
    run = run_of(tmp_path / "base", [*unequal(), fault])
    summary = summarise([run])
    [head] = summary.headlines
    asked = query("SELECT pass_at_1, low, high, num_episodes FROM pass_at_1", [run.path])
    found = head.pass_at_1
    assert asked.to_pylist() == [
        {"pass_at_1": found.value, "low": found.low, "high": found.high, "num_episodes": found.n}
    ]
    asked = query("SELECT k, pass_at_k, low, high FROM pass_at_k ORDER BY k DESC", [run.path])
    assert head.pass_at_k is not None
    found = head.pass_at_k
    assert asked.to_pylist()[0] == {
        "k": summary.k, "pass_at_k": found.value, "low": found.low, "high": found.high,
    }  # fmt: skip


def test_a_fault_of_the_machine_is_no_wrong_answer(tmp_path: Path) -> None:
    def played(name: str, *, faults: bool) -> Any:
        records = [
            episode(step * 4 + number, task_id=f"t{number}", policy_step=step,
                    question_type=("Lookup", "Growth")[number % 2])
            for step in (0, 1) for number in range(4)
        ]  # fmt: skip
        if faults:
            records += [
                wrong(90 + step, "infra_fault", task_id="t0", policy_step=step,
                      flags={"infra_fault": True})
                for step in (0, 1)
            ]  # fmt: skip
        return run_of(tmp_path / name, records)

    summary = summarise([played("whole", faults=False), played("faulty", faults=True)])
    for head in summary.headlines:
        assert (head.pass_at_1.value, head.reward.value, head.pass_at_1.n) == (1.0, 1.0, 4)
    assert [head.episodes for head in summary.headlines] == [4, 4, 5, 5]
    assert [d and d.estimate.value for d in summary.pass_differences] == [None, 0.0, 0.0, 0.0]
    for row in summary.groups["question_type"]:
        assert [value.value for value in row.values] == [1.0] * 4
    for curve in summary.curves:
        assert curve.values["is_correct"].tolist() == [1.0, 1.0]
    [failure] = summary.failures
    assert (failure.name, failure.counts) == ("infra_fault", [0, 0, 1, 1])


def test_all_right_is_no_certainty(tmp_path: Path) -> None:
    checks = {"listed_before_query": 1.0}
    summary = summarise([run_of(tmp_path / "five", [episode(n, checks=checks) for n in range(5)])])
    for found in (summary.headlines[0].pass_at_1, summary.checks[0].values[0]):
        # Wilson's interval with z = 1.96: from n / (n + z²).
        assert [found.low, found.high] == pytest.approx([5 / 8.8415, 1.0], abs=1e-4)
    records = [wrong(number, "no_schema") for number in range(5)]
    none = summarise([run_of(tmp_path / "none", records)]).headlines[0].pass_at_1
    assert [none.low, none.high] == pytest.approx([0.0, 3.8415 / 8.8415], abs=1e-4)
    single = summarise([run_of(tmp_path / "single", [episode(0)])]).headlines[0].pass_at_1
    assert not single.has_interval


def said(summary: Summary) -> str:
    [finding] = findings(summary)
    return "".join(part if isinstance(part, str) else part[1] for part in finding.parts)


def test_checks_that_apply_too_rarely_are_not_praised(tmp_path: Path) -> None:
    rare = [episode(n, checks={"handled_empty": 0.0} if n < 3 else {}) for n in range(30)]
    summary = summarise([run_of(tmp_path / "rare", rare)])
    assert said(summary) == "100.0 % right."
    good = [
        {**record, "checks": record["checks"] | {"listed_before_query": 1.0}} for record in rare
    ]
    summary = summarise([run_of(tmp_path / "good", good)])
    assert said(summary).endswith("; every check that applies often enough above 90 %.")


def test_a_training_is_compared_with_itself_first_steps_with_last(tmp_path: Path) -> None:
    records = []
    for step in range(20):
        made = (
            episode(step, policy_step=step)
            if step >= 10
            else wrong(step, "no_schema", policy_step=step)
        )
        records.append({**made, "task_id": f"task-{step % 2}"})
    summary = summarise([run_of(tmp_path / "grpo", records)])
    assert [each.steps for each in summary.series] == [(0, 1), (18, 19)]
    assert [head.pass_at_1.value for head in summary.headlines] == [0.0, 1.0]
    [curve] = summary.curves
    assert curve.steps.tolist() == list(range(20))
    assert curve.values["is_correct"].tolist() == [0.0] * 10 + [1.0] * 10


def test_calls_and_mistakes_are_counted_by_tool_and_code(tmp_path: Path) -> None:
    failed = [call(1, "sql_query", "unknown_table"), call(2, "sql_query"), call(3, "calculator")]
    records = [episode(0, calls=failed), episode(1, calls=[call(1, "sql_query", "sql_guard")])]
    tools = summarise([run_of(tmp_path / "base", records)]).tools
    assert tools.calls == {"sql_query": [3], "calculator": [1]}
    assert tools.errors == {"sql_query": [2]}
    assert tools.codes == {"unknown_table": [1], "sql_guard": [1]}


def test_tokens_become_money(tmp_path: Path) -> None:
    run = run_of(tmp_path / "base", [episode(0), episode(1)])
    [head] = summarise([run], prices=Prices(prompt=1.0, completion=10.0)).headlines
    assert head.cost == pytest.approx((900 * 1 + 60 * 10) / 1e6)
    assert head.total_cost == pytest.approx(2 * head.cost)
    mixed = run_of(tmp_path / "mixed", [episode(0), wrong(1, "no_schema"), wrong(2, "no_schema")])
    [head] = summarise([mixed], prices=Prices(prompt=1.0, completion=10.0)).headlines
    assert head.cost_per_right == pytest.approx(3 * head.cost)


def test_several_policies_of_a_run_stand_side_by_side(tmp_path: Path) -> None:
    records = [episode(0, policy="a"), wrong(1, "no_schema", policy="b")]
    summary = summarise([run_of(tmp_path / "both", records)])
    assert [each.label for each in summary.series] == ["both · a", "both · b"]
    assert [head.pass_at_1.value for head in summary.headlines] == [1.0, 0.0]


def test_what_cannot_be_summed_up_is_said(tmp_path: Path) -> None:
    run = run_of(tmp_path / "base", [episode(0)])
    with pytest.raises(ValueError, match="baseline is 'gold'; it must be one of 'base'"):
        summarise([run], baseline="gold")
    with pytest.raises(ValueError, match="no finished episode in 'empty'"):
        summarise([run_of(tmp_path / "empty", [])])


def test_scripted_policies_come_out_as_they_behave(played_runs: list[Any]) -> None:
    guess, recovery, gold = summarise(played_runs[:3]).headlines
    assert guess.pass_at_1.value < 0.3
    assert gold.pass_at_1.value == 1.0
    assert recovery.pass_at_1.value > 0.9
    summary = summarise(played_runs[:3])
    checks = {row.name: [value.value for value in row.values] for row in summary.checks}
    flags = {row.name: [value.value for value in row.values] for row in summary.flags}
    assert checks["listed_before_query"][0] < checks["listed_before_query"][2] == 1.0
    assert flags["hallucinated"][0] > flags["hallucinated"][2] == 0.0
    assert checks["recovered_from_error"][1] > 0.9
    assert flags["had_error"][2] == 0.0
