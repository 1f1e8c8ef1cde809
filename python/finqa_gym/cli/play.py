"""``finqa-gym play``: one episode by hand."""

import json
import re
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from finqa_gym.cli.corpora import CorpusOption, LayoutOption, ReviewedOption, open_with_progress
from finqa_gym.cli.screen import results
from finqa_gym.vector import VectorEnv

__all__ = ["Keyboard", "play"]

HELP = """\
list [COMPANY]         list the tables
info [COMPANY/]TABLE   describe a table
SELECT … / WITH …      query
= EXPRESSION           calculate
submit ANSWER          hand the answer in; ends the episode
anything else          goes to the environment as the text of a model
help, quit"""
ARGUMENTS = {
    "list": frozenset[str](),
    "info": frozenset({"table_name"}),
    "query": frozenset({"query"}),
    "calculate": frozenset({"expression"}),
    "submit": frozenset({"answer"}),
}
_FROM = re.compile(r'\b(?:FROM|JOIN)\s+(?:"((?:[^"]|"")+)"|([^\s,;()]+))', re.IGNORECASE)


class Keyboard:
    """What is typed, as the message of a model that works with the tools of a profile.

    Args:
        tools: The tools in OpenAI form; which is which is told by the arguments they take.
        companies: Companies of the task. Where none is named, the last named one is meant, at
            first the first.

    Example:
        >>> from finqa_gym.tools import tool_specs
        >>> print(Keyboard(tool_specs("rllm"), ["acme"]).message("= 1 + 1"))
        <tool_call>
        {"name": "calculator", "arguments": {"expression": "1 + 1"}}
        </tool_call>
    """

    def __init__(self, tools: list[dict[str, Any]], companies: list[str]) -> None:
        self.companies = companies
        self._company, self._table = companies[0], ""
        self._tools: dict[str, tuple[str, frozenset[str]]] = {}
        for tool in tools:
            function = tool["function"]
            takes = frozenset(function["parameters"].get("properties", {}))
            own = takes - {"company_name"}
            if "query" in own:
                own = frozenset({"query"})
            for kind, arguments in ARGUMENTS.items():
                if own == arguments:
                    self._tools.setdefault(kind, (function["name"], takes))

    def message(self, line: str) -> str:
        """The message for a typed line; raw text where the line is no command.

        Raises:
            ValueError: A command lacks its argument, or the profile has no such tool.
        """
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word == "list":
            self._company = rest or self._company
            return self._call("list", {"company_name": self._company})
        if word == "info":
            self._company, self._table = self._place(_needed(rest, "info TABLE"))
            values = {"company_name": self._company, "table_name": self._table}
            return self._call("info", values)
        if word == "submit":
            return self._call("submit", {"answer": _needed(rest, "submit ANSWER")})
        if line.startswith("="):
            return self._call("calculate", {"expression": _needed(line[1:].strip(), "= 1 + 1")})
        if word.upper() in ("SELECT", "WITH"):
            found = _FROM.search(line)
            quoted, plain = found.groups() if found else (None, self._table)
            table = quoted.replace('""', '"') if quoted else plain.strip("`[]")
            values = {"company_name": self._company, "table_name": table, "query": line}
            return self._call("query", values)
        return line

    def _place(self, text: str) -> tuple[str, str]:
        company, slash, table = text.partition("/")
        if slash and company in self.companies:
            return company, table
        return self._company, text

    def _call(self, kind: str, values: dict[str, str]) -> str:
        if kind not in self._tools:
            msg = f"this tool profile has no tool to {kind}"
            raise ValueError(msg)
        name, takes = self._tools[kind]
        arguments = {key: value for key, value in values.items() if key in takes}
        call = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
        return f"<tool_call>\n{call}\n</tool_call>"


def _needed(text: str, usage: str) -> str:
    if not text:
        msg = f"something is missing; it is: {usage}"
        raise ValueError(msg)
    return text


def play(
    corpus: CorpusOption = "synthetic",
    layout: LayoutOption = None,
    task: Annotated[
        str | None, typer.Option("--task", help="Task id or position; else one is drawn.")
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", help="Tools: rllm, openenv or compact.")
    ] = "rllm",
    answer_mode: Annotated[
        str, typer.Option("--mode", help="Answer rules: strict or openenv.")
    ] = "strict",
    seed: Annotated[int, typer.Option("--seed", help="Seed of the draw.")] = 0,
    reviewed_only: ReviewedOption = False,
) -> None:
    """Play one episode by hand. Reads lines from a pipe, too."""
    console = results()
    opened = open_with_progress(corpus, layout, reviewed_only=reviewed_only)
    env = VectorEnv(
        opened,
        seed=seed,
        tool_profile=profile,  # type: ignore[arg-type]  # the engine names what it knows
        answer_mode=answer_mode,  # type: ignore[arg-type]
    )
    with env:
        wanted = int(task) if task is not None and task.isdecimal() else task
        observations, infos = env.reset(None if wanted is None else [wanted])
        chosen = opened.task(int(infos["task_index"][0]))
        console.rule("system", align="left")
        console.print(env.system_prompt, markup=False)
        console.rule(f"task {chosen['id']}", align="left")
        console.print(observations[0], markup=False)
        names = ", ".join(tool["function"]["name"] for tool in env.tools)
        console.rule(f"tools: {names}", align="left")
        console.print(HELP, markup=False)
        if not _converse(console, env, Keyboard(env.tools, chosen["companies"])):
            console.print("The episode is left unfinished.")
            return
        _print_end(console, env, chosen)


def _converse(console: Console, env: VectorEnv, keyboard: Keyboard) -> bool:
    """Passes lines on until the episode is over (True) or the input is (False)."""
    prompt = "> " if sys.stdin.isatty() else ""
    while True:
        try:
            line = input(prompt).strip()
        except (EOFError, KeyboardInterrupt):
            console.print()
            return False
        if line in ("quit", "exit"):
            return False
        if not prompt and line:
            console.print(f"> {line}", markup=False, style="bold")
        if line in ("", "help", "?"):
            console.print(HELP, markup=False)
            continue
        try:
            message = keyboard.message(line)
        except ValueError as error:
            console.print(str(error), markup=False)
            continue
        batch = env.step([message])
        code = int(batch.infos["error_code"][0])
        console.print(batch.observations[0], markup=False, style="red" if code >= 0 else "cyan")
        if batch.terminated[0] or batch.truncated[0]:
            return True


def _print_end(console: Console, env: VectorEnv, task: dict[str, Any]) -> None:
    episode = env.episode(0)
    assert episode is not None  # it was reset and stepped
    console.rule("end", align="left")
    errors = sum(call["error"] is not None for call in episode["calls"])
    console.print(f"turns   {episode['turn']}, tool errors {errors}")
    if episode["status"] == "truncated":
        console.print(f"status  truncated ({episode['truncation_reason']})")
    else:
        console.print(f"answer  {episode['submission']}", markup=False)
        console.print(f"truth   {task['truth']}", markup=False)
    score = episode["score"] or 0.0
    reason = f" ({episode['answer_reason']})" if episode["answer_reason"] else ""
    console.print(f"reward  {score}{reason}", style="bold green" if score >= 1 else "bold red")
