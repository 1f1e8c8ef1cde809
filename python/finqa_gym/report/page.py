"""One page: template, styles and scripts of `assets/`, under a strict content policy."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from finqa_gym.analysis import RunData, Summary, meanings
from finqa_gym.report import numbers, sections
from finqa_gym.report.payload import Payload
from finqa_gym.report.redact import HIDDEN

__all__ = ["SCRIPTS", "STYLES", "render_page"]

STYLES = ("tokens.css", "page.css", "tables.css", "browser.css", "episode.css")
SCRIPTS = (
    "dom.js",
    "theme.js",
    "terms.js",
    "episodes.js",
    "filters.js",
    "list.js",
    "sql.js",
    "results.js",
    "calls.js",
    "reader.js",
    "main.js",
)
"""In order; they share one scope."""
KINDS = {
    "check": "Checks of behaviour",
    "flag": "Flags",
    "failure": "Failure classes",
    "wrong": "Wrong answers",
    "dimension": "Rubric dimensions",
    "error": "Tool errors",
    "reason": "Reasons",
}


def render_page(
    summary: Summary, runs: Sequence[RunData], payload: Payload, *, title: str, redacted: bool
) -> str:
    """The whole page as text."""
    style = "\n".join(_asset(name) for name in STYLES)
    shared = "\n".join(_asset(name) for name in SCRIPTS)
    script = f'\n"use strict";\n(() => {{\n{shared}\n}})();\n'
    early = f"\n{_asset('early.js')}"
    contents = "".join(
        f'<li><a href="#{name}">{heading}</a></li>'
        for name, heading, _ in [*sections.sections(summary), ("about", "About", "")]
    )
    blocks = "\n".join(
        f'<script type="application/octet-stream" id="{block.name}">{block.data}</script>'
        for block in payload.blocks
    )
    values = {
        "policy": _policy(style, early, script),
        "title": escape(title),
        "style": style,
        "early": early,
        "num_episodes": f"{payload.num_episodes:,}",
        "contents": contents,
        "notice": _notice(payload, redacted=redacted),
        "overview": sections.overview(summary),
        "about": _about(summary, runs, redacted=redacted),
        "blocks": blocks,
        "script": script,
    }
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], _asset("page.html"))


def _asset(name: str) -> str:
    return (files("finqa_gym.report") / "assets" / name).read_text("utf-8")


def _policy(style: str, *scripts: str) -> str:
    """Nothing is loaded from anywhere, and no script runs but ours."""

    def digest(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    allowed = " ".join(digest(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {digest(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _notice(payload: Payload, *, redacted: bool) -> str:
    lines = []
    if redacted:
        lines.append(
            "Redacted: prompts, questions, answers, names of the corpus, of companies and tables, "
            "and all values were taken out. What stays: names of runs, policies and tools, "
            "question types, splits, the hash of the corpus; scores, behaviour and the course of "
            "the episodes are as recorded."
        )
    if payload.num_episodes < payload.num_recorded:
        lines.append(
            f"The numbers are of all {payload.num_recorded:,} episodes; {payload.num_episodes:,} "
            "of them, drawn evenly, can be opened here."
        )
    return "".join(f'<p class="notice">{line}</p>' for line in lines)


def _about(summary: Summary, runs: Sequence[RunData], *, redacted: bool) -> str:
    rows = []
    for name, run in zip(summary.run_names, runs, strict=True):
        facts = _facts(run.info)
        if redacted:
            facts["Corpus"] = HIDDEN
        lost = f"{run.num_lost:,}" if run.num_lost else "0"
        cells = "".join(f"<td>{escape(fact)}</td>" for fact in facts.values())
        rows.append(
            f'<tr><th scope="row">{escape(name)}</th>{cells}<td class="n">{run.num_episodes:,}</td>'
            f'<td class="n">{lost}</td></tr>'
        )
    heads = "".join(f'<th scope="col">{name}</th>' for name in _facts({}))
    names = "".join(
        f"<h3>{KINDS[kind]}</h3><dl class='names'>"
        + "".join(
            f"<dt><code>{escape(name)}</code></dt><dd>{escape(meaning)}</dd>"
            for name, meaning in known.items()
        )
        + "</dl>"
        for kind, known in meanings().items()
    )
    return (
        '<section id="about" aria-labelledby="about-title"><h2 id="about-title">About</h2>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Runs"><table class="sticky">'
        f'<thead><tr><th scope="col">Run</th>{heads}<th scope="col" class="n">Episodes</th>'
        f'<th scope="col" class="n">Lost</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
        "</div>"
        '<p class="note">Lost: begun, and never finished because the recording process ended.</p>'
        f"<details><summary>What the names mean</summary>{names}</details></section>"
    )


def _facts(info: Mapping[str, Any]) -> dict[str, str]:
    corpus, env = info.get("corpus") or {}, info.get("env") or {}
    versions = info.get("versions") or {}
    return {
        "Policy": str(info.get("policy") or numbers.NOTHING),
        "Corpus": str(corpus.get("name") or numbers.NOTHING),
        "Content hash": str(corpus.get("content_hash") or numbers.NOTHING)[:12],
        "Tools": str(env.get("tool_profile") or numbers.NOTHING),
        "Recorded": str(info.get("created") or numbers.NOTHING).replace("T", " ")[:16],
        "finqa-gym": str(versions.get("finqa_gym") or numbers.NOTHING),
        "Scoring": str(versions.get("scoring") or numbers.NOTHING),
    }
