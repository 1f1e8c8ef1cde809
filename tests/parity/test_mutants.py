"""Do the parity tests have teeth? Faults are planted in the Rust, and the oracles must notice.

A copy of ``finqa-core`` is built as it is and once with each mutation; every build answers the same
deterministic questions. Needs cargo and about a minute the first time, seconds a mutant later.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY, catalogue
from reference.actions import DEFAULT_TOOLS, parse_action
from reference.answers import score_answer
from reference.calculator import AmbiguousError, CalcError, evaluate, write

hypothesis = pytest.importorskip("hypothesis")

from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from parity import test_actions, test_answers, test_calculator  # noqa: E402

CORE = Path("crates/finqa-core")
EXAMPLES = 300
RUNS = {"ok", "repaired"}


@dataclass(frozen=True)
class Mutation:
    """One textual change of one source file that breaks one rule."""

    name: str
    kind: str
    file: str
    before: str
    after: str


MUTATIONS = [
    Mutation(
        name="half_a_unit_is_no_rounding",
        kind="answer",
        file="src/answer/number.rs",
        before="difference.magnitude().cmp(&bound) != Ordering::Greater",
        after="difference.magnitude().cmp(&bound) == Ordering::Less",
    ),
    Mutation(
        name="subtraction_binds_to_the_right",
        kind="calculate",
        file="src/calculator/eval.rs",
        before="value = combine(&value, &self.product()?)?;",
        after="value = combine(&value, &self.sum()?)?;",
    ),
    Mutation(
        name="calls_in_unopened_reasoning_run",
        kind="action",
        file="src/action/reader.rs",
        before="for attempt in &mut self.attempts {",
        after="for attempt in self.attempts.iter_mut().skip(usize::MAX) {",
    ),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_mutations_still_fit_the_source(mutation: Mutation) -> None:
    source = (REPOSITORY / CORE / mutation.file).read_text(encoding="utf-8")
    found = source.count(mutation.before)
    assert found == 1, (
        f"{mutation.file} holds {mutation.before!r} {found} times, once is needed: "
        f"the source has changed, so update MUTATIONS in {Path(__file__).name}"
    )


# --- questions and what the oracles say to them ---------------------------------------------------


def examples(strategy: st.SearchStrategy[Any], count: int = EXAMPLES) -> list[Any]:
    """The same examples of a strategy on every run."""
    found: list[Any] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


def answer_questions() -> list[dict[str, Any]]:
    """Generated near misses and the committed catalogue."""
    cases = [*examples(test_answers.single_cases(), 600), *examples(test_answers.multi_cases())]
    triples = [(case.predicted, case.truth, case.question) for case in cases]
    triples += [
        (case["predicted"], case["truth"], case["question"])
        for case in catalogue("answer_cases.jsonl")
    ]
    return [
        {"kind": "answer", "predicted": p, "truth": t, "question": q, "mode": mode}
        for p, t, q in triples
        for mode in (("strict",) if q.get("multi") else ("strict", "openenv"))
    ]


def calculate_questions() -> list[dict[str, Any]]:
    """Generated expressions: exact ones, floats, comparisons."""
    strategies = (test_calculator.EXACT, test_calculator.FLOATS, test_calculator.COMPARED)
    expressions = [expression for s in strategies for expression in examples(s)]
    return [{"kind": "calculate", "expression": expression} for expression in expressions]


def action_questions() -> list[dict[str, Any]]:
    """Generated messages of two wire forms, calls in reasoning, and the committed catalogue."""
    questions = [
        {"kind": "action", "text": text, "format": form, "level": level, "length_limited": False}
        for form, strategy in (
            ("hermes", test_actions.around(test_actions.hermes_messages())),
            ("hermes", test_actions.reasoning_messages()),
            ("qwen_xml", test_actions.around(test_actions.xml_messages())),
        )
        for text in examples(strategy, 100)
        for level in ("strict", "repair")
    ]
    user_tools = json.loads((REPOSITORY / CORE / "tests/data/action_tools.json").read_text())
    names = [tool["name"] for tool in user_tools["user_tools"]]
    for case in catalogue("action_cases.jsonl"):
        if case["format"] != "structured" and not any(name in case["text"] for name in names):
            keys = ("text", "format", "level", "length_limited")
            questions.append({"kind": "action", **{key: case[key] for key in keys}})
    return questions


def agrees(question: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether the oracle gives what the probe gave."""
    if question["kind"] == "answer":
        pair = question["predicted"], question["truth"]
        mode = question["mode"]
        return score_answer(*pair, **question["question"], mode=mode) == float(found["score"])
    if question["kind"] == "calculate":
        try:
            expected = evaluate(question["expression"])
        except CalcError as error:
            return found.get("error") == error.code
        except AmbiguousError:
            return True  # no oracle for this one
        if "value" not in found:
            return False
        if expected.exact:
            return bool(found["value"] == write(expected.value))
        slack = expected.error + Fraction(1, 10**300)
        return abs(Fraction(found["value"]) - expected.value) <= slack
    options = {key: question[key] for key in ("format", "level", "length_limited")}
    parsed = parse_action(question["text"], DEFAULT_TOOLS, **options)
    wanted = [
        (a.status, a.name, a.arguments) if a.status in RUNS else (a.status, None, None)
        for a in parsed.attempts
    ]
    return wanted == [(a["status"], a["name"], a["arguments"]) for a in found["attempts"]]


# --- building -------------------------------------------------------------------------------------


class Workshop:
    """A copy of the core crate in which mutations are planted and taken out again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        target = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")
        # Dependencies are built once for all copies; only finqa-core is compiled anew.
        self.target = target.resolve() / "mutants"
        # Fresh times: cargo knows files by their place in the workspace and their time, so an older
        # copy would be taken for what the last session built, which is a mutant.
        shutil.copytree(REPOSITORY / CORE, folder / CORE, copy_function=shutil.copy)
        shutil.copy(REPOSITORY / "Cargo.lock", folder / "Cargo.lock")
        workspace = (REPOSITORY / "Cargo.toml").read_text(encoding="utf-8")
        alone = re.sub(r"(?m)^members = .*$", f'members = ["{CORE.as_posix()}"]', workspace)
        (folder / "Cargo.toml").write_text(alone, encoding="utf-8")
        # An example would build them too, and the probe needs none.
        manifest = folder / CORE / "Cargo.toml"
        text = re.sub(r"(?ms)^\[dev-dependencies\].*?(?=^\[|\Z)", "", manifest.read_text())
        manifest.write_text(text)

    def answers(
        self, questions: list[dict[str, Any]], mutation: Mutation | None = None
    ) -> list[dict[str, Any]]:
        """What the probe says, built as it is or with a mutation."""
        source = self.folder / CORE / mutation.file if mutation else None
        original = source.read_text(encoding="utf-8") if source else ""
        if source and mutation:
            source.write_text(original.replace(mutation.before, mutation.after), encoding="utf-8")
        try:
            subprocess.run(
                ["cargo", "build", "--quiet", "--package", "finqa-core", "--example=parity_probe"],
                cwd=self.folder,
                env={
                    **os.environ,
                    "CARGO_TARGET_DIR": str(self.target),
                    "CARGO_PROFILE_DEV_DEBUG": "0",
                },
                check=True,
            )
        finally:
            if source:
                source.write_text(original, encoding="utf-8")
        lines = "".join(json.dumps(question) + "\n" for question in questions)
        probe = self.target / "debug" / "examples" / "parity_probe"
        done = subprocess.run([probe], input=lines.encode(), stdout=subprocess.PIPE, check=True)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(found) == len(questions)
        return found


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    if os.environ.get("FINQA_NO_MUTANTS"):
        pytest.skip("FINQA_NO_MUTANTS is set: no faults are planted")
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not on the path: mutants cannot be built")
    return Workshop(tmp_path_factory.mktemp("mutants"))


@pytest.fixture(scope="module")
def questions() -> dict[str, list[dict[str, Any]]]:
    return {
        "answer": answer_questions(),
        "calculate": calculate_questions(),
        "action": action_questions(),
    }


def test_the_core_as_it_is_agrees(
    workshop: Workshop, questions: dict[str, list[dict[str, Any]]]
) -> None:
    asked = [question for kind in questions.values() for question in kind]
    wrong = [
        (question, found)
        for question, found in zip(asked, workshop.answers(asked), strict=True)
        if not agrees(question, found)
    ]
    assert not wrong


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutant_is_noticed(
    mutation: Mutation, workshop: Workshop, questions: dict[str, list[dict[str, Any]]]
) -> None:
    asked = questions[mutation.kind]
    caught = [
        question
        for question, found in zip(asked, workshop.answers(asked, mutation), strict=True)
        if not agrees(question, found)
    ]
    assert caught, f"no question tells {mutation.name} from the original"
