"""Options of commands that let a policy play, and what these have in common."""

# No postponed annotations: typer reads them when a command is called.
import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from finqa_gym.cli.screen import notices, progress_bar
from finqa_gym.data import Corpus
from finqa_gym.evaluation import Evaluation, Policy, evaluate

__all__ = [
    "AttemptsOption",
    "ConcurrencyOption",
    "ExtraBodyOption",
    "JsonOption",
    "MaxTasksOption",
    "MaxTokensOption",
    "MaxTurnsOption",
    "ModeOption",
    "ProfileOption",
    "RetriesOption",
    "SeedOption",
    "SlotsOption",
    "SplitOption",
    "TemperatureOption",
    "TextResultsOption",
    "TimeoutOption",
    "endpoint_options",
    "play",
    "read_key",
    "say_faults",
    "write_json",
]

BY_SERVER = "server"

SplitOption = Annotated[
    str | None,
    typer.Option(
        "--split", help="Split to play, or `all`; if not given, val, or all where there is none."
    ),
]
MaxTasksOption = Annotated[
    int | None, typer.Option("--max-tasks", min=1, help="Only the first so many tasks.")
]
AttemptsOption = Annotated[int, typer.Option("--attempts", min=1, help="Episodes of each task.")]
SlotsOption = Annotated[
    int | None, typer.Option("--num-envs", min=1, help="Episodes at the same time.")
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, help="Seed of scripts and of the sampling of checkpoints.")
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help="Tools: rllm, openenv or compact; if not given, what a checkpoint was trained with, "
        "or rllm.",
    ),
]
ModeOption = Annotated[str, typer.Option("--mode", help="Answer rules: strict or openenv.")]
MaxTurnsOption = Annotated[
    int | None,
    typer.Option("--max-turns", min=1, help="Messages before an episode is cut off."),
]
TemperatureOption = Annotated[
    str | None,
    typer.Option(
        "--temperature",
        metavar="T",
        help=f"Of endpoints and checkpoints; 0 if not given, `{BY_SERVER}` leaves it to a server.",
    ),
]
MaxTokensOption = Annotated[
    int | None,
    typer.Option("--max-tokens", min=0, help="Of one message; 0 leaves it to the server."),
]
ConcurrencyOption = Annotated[
    int | None,
    typer.Option("--concurrency", min=1, help="Episodes at an endpoint at the same time; 16."),
]
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout", metavar="SECONDS", help="For one request; 300.")
]
RetriesOption = Annotated[
    int | None, typer.Option("--retries", min=0, help="How often a request is asked again; 5.")
]
ExtraBodyOption = Annotated[
    str | None,
    typer.Option(
        "--extra-body", metavar="JSON", help="More members of each request to an endpoint."
    ),
]
TextResultsOption = Annotated[
    str | None,
    typer.Option(
        "--text-results",
        help="Role of results of calls that stand in the text of a message: user or tool.",
    ),
]
JsonOption = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write all numbers to this file.")
]


def play(policy: Policy, corpus: Corpus, **options: Any) -> Evaluation:
    """`evaluate` with progress on standard error, on what `SplitOption` says."""
    if "tasks" not in options:
        options["split"] = _split(corpus, options["split"])
    with progress_bar(f"playing {policy.name}", None) as advance:
        return evaluate(
            policy, corpus, progress=lambda done, total: advance(done, total, None), **options
        )


def _split(corpus: Corpus, split: str | None) -> str | None:
    splits = corpus.splits()
    if split is None:
        return "val" if "val" in splits else None
    return None if split == "all" and "all" not in splits else split


def read_key(variable: str | None) -> str | None:
    """The key that an environment variable holds, which no text ever shows.

    Raises:
        ValueError: It is not set.
    """
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        seen = "is empty" if key == "" else "is not set"
        raise ValueError(f"--api-key-env is {variable!r}, and the environment variable {seen}")
    return key


def endpoint_options(
    temperature: str | None,
    max_tokens: int | None,
    concurrency: int | None,
    timeout_s: float | None,
    retries: int | None,
    extra_body: str | None,
    text_results: str | None,
) -> dict[str, Any]:
    """What was given of the options of endpoints and checkpoints.

    Example:
        >>> endpoint_options("server", 0, 4, None, None, '{"top_p": 0.9}', None)
        {'temperature': None, 'max_tokens': None, 'concurrency': 4, 'extra_body': {'top_p': 0.9}}
    """
    told: dict[str, Any] = {}
    if temperature is not None:
        told["temperature"] = None if temperature == BY_SERVER else _temperature(temperature)
    if max_tokens is not None:
        told["max_tokens"] = max_tokens or None
    given = {
        "concurrency": concurrency,
        "timeout_s": timeout_s,
        "max_retries": retries,
        "extra_body": None if extra_body is None else _body(extra_body),
        "text_results": text_results,
    }
    return told | {key: value for key, value in given.items() if value is not None}


def _temperature(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ValueError(f"--temperature is {text!r}; a number from 0, or {BY_SERVER}, is needed")
    return value


def _body(text: str) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        raise ValueError(f"--extra-body is {text!r}; a JSON object is needed") from None


def write_json(path: Path, told: dict[str, Any]) -> None:
    """Writes numbers to a file."""
    text = json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def say_faults(found: Evaluation) -> None:
    """What was left out, and why."""
    if found.num_left_out:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in found.usage.faults.most_common())
        notices().print(
            f"note: {found.num_left_out:,} episodes were left out, since faults ended them: "
            f"{kinds or 'of a kind that is not known'}. The last one: {found.usage.last_fault}",
            markup=False,
            soft_wrap=True,
        )
    if found.num_missing:
        notices().print(
            f"note: {found.num_missing:,} episodes are missing; the same command again plays them",
            markup=False,
            soft_wrap=True,
        )
