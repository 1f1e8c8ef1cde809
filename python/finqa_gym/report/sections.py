"""The overview of a page as static HTML: it is painted before any script runs, and prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

from finqa_gym.analysis import CountRow, Curve, Estimate, Row, Summary
from finqa_gym.report import marks, numbers
from finqa_gym.report.findings import Finding, findings

__all__ = ["GROUP_TITLES", "overview", "sections", "term"]

GROUP_TITLES = {
    "question_type": "Question type",
    "split": "Split",
    "level": "Level",
    "num_tables": "Tables needed",
}
CURVE_TITLES = {
    "is_correct": "pass@1",
    "reward": "Mean reward",
    "num_errors": "Failed calls an episode",
    "num_turns": "Turns an episode",
}
FILTERS = {"question_type": "type", "split": "split", "level": "level", "num_tables": "tables"}
"""Columns of a group -> names of the filters of the list of episodes."""


def term(kind: str, name: str) -> str:
    """A stable name that explains itself on hover, focus and tap."""
    return (
        f'<button type="button" class="term" data-kind="{kind}" data-name="{escape(name)}">'
        f"{escape(name.replace('_', ' '))}</button>"
    )


def sections(summary: Summary) -> list[tuple[str, str, str]]:
    """Id, title and HTML of each section that has something to show."""
    made = [
        ("headline", "Headline", _headline(summary)),
        ("behaviour", "Behaviour", _behaviour(summary)),
        ("failures", "Failures", _failures(summary)),
        ("curves", "Learning curves", _curves(summary)),
        ("dimensions", "Rubric dimensions", _dimensions(summary)),
        ("groups", "Where it is right", _groups(summary)),
        ("tools", "Tool errors", _tools(summary)),
        ("cost", "Cost and time", _cost(summary)),
    ]
    return [part for part in made if part[2]]


def overview(summary: Summary) -> str:
    """All sections, each with a heading."""
    return "\n".join(
        f'<section id="{name}" aria-labelledby="{name}-title">\n'
        f'<h2 id="{name}-title">{title}</h2>\n{body}\n</section>'
        for name, title, body in sections(summary)
    )


def _label(summary: Summary, index: int) -> str:
    return (
        f'<span class="series"><svg class="key" width="10" height="10" aria-hidden="true">'
        f'<circle class="dot {marks.hue(index)}" cx="5" cy="5" r="4.5"/></svg>'
        f"{escape(summary.series[index].label)}</span>"
    )


def _heads(summary: Summary) -> str:
    return "".join(
        f'<th scope="col" class="n">{_label(summary, i)}</th>' for i in range(len(summary.series))
    )


def _table(head: str, rows: Sequence[str], label: str, kind: str = "") -> str:
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<table class="{kind}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table></div>"
    )


def _cell(text: str, below: str = "", kind: str = "n") -> str:
    small = f"<small>{below}</small>" if below else ""
    return f'<td class="{kind}">{text}{small}</td>'


def _link(text: str, label: str, **filters: object) -> str:
    query = urlencode({name: str(value) for name, value in filters.items()})
    return f'<a href="#episodes?{escape(query)}" aria-label="{escape(label)}">{text}</a>'


def _headline(summary: Summary) -> str:
    several = len(summary.series) > 1
    known = [d for d in summary.pass_differences if d is not None]
    reach = max(
        [0.05, *(abs(x) for d in known for x in (d.estimate.value, d.estimate.low, d.estimate.high)
                 if math.isfinite(x))]
    )  # fmt: skip
    head = (
        '<th scope="col">Run</th><th scope="col" class="n">pass@1, %</th>'
        '<th scope="col" class="t">95 % interval</th>'
    )
    if several:
        base = escape(summary.series[summary.baseline].label)
        head += (
            f'<th scope="col" class="n">points vs {base}</th>'
            '<th scope="col" class="t">paired, 95 %</th>'
        )
    if summary.k > 1:
        head += f'<th scope="col" class="n">pass@{summary.k}, %</th>'
    head += "".join(
        f'<th scope="col" class="n">{name}</th>'
        for name in ("Reward", "Process", "Turns", "Calls", "Failed calls", "Episodes")
    )
    rows = []
    for i, (each, line) in enumerate(zip(summary.series, summary.headlines, strict=True)):
        row = f'<th scope="row">{_label(summary, i)}</th>'
        told = f"{each.label}: {numbers.share(line.pass_at_1.value)} %"
        row += _cell(
            f"<strong>{numbers.share(line.pass_at_1.value)}</strong>",
            _with_n(numbers.interval(line.pass_at_1), line.pass_at_1, line.episodes),
        )
        row += f'<td class="t">{marks.interval_track(line.pass_at_1, i, told)}</td>'
        if several:
            row += _difference(summary, i, reach)
        if summary.k > 1 and line.pass_at_k is not None:
            row += _cell(numbers.share(line.pass_at_k.value), numbers.interval(line.pass_at_k))
        row += _cell(
            numbers.amount(line.reward.value, 3),
            numbers.interval(line.reward, decimals=3, percent=False),
        )
        row += _cell(numbers.amount(line.process.value, 3))
        row += "".join(_cell(numbers.amount(x)) for x in (line.turns, line.calls, line.errors))
        row += _cell(numbers.count(line.episodes), f"{line.tasks:,} tasks")
        rows.append(row)
    return (
        _findings(findings(summary), summary)
        + _table(head, rows, "Headline numbers", "sticky")
        + '<p class="note">pass@k and reward: averaged over tasks, each counting once, without '
        "episodes that a fault of the machine ended. Intervals: whole tasks resampled 1,000 times; "
        "where no two tasks differ, as at 0 and 100 %, Wilson's. Differences: over the tasks that "
        "both played; coloured where the interval leaves out 0.</p>"
    )


def _difference(summary: Summary, index: int, reach: float) -> str:
    found = summary.pass_differences[index]
    if index == summary.baseline:
        return '<td class="n faint">baseline</td><td class="t"></td>'
    if found is None:
        return '<td class="n faint">no shared task</td><td class="t"></td>'
    kind = "n" if not found.is_clear else f"n {'good' if found.estimate.value > 0 else 'bad'}"
    tasks = f"{found.estimate.n:,} tasks: {found.num_better:,} better, {found.num_worse:,} worse"
    below = numbers.interval(found.estimate)
    weight = "" if found.is_clear else " faint"
    track = marks.difference_track(found.estimate, index, reach, tasks)
    return (
        f'<td class="{kind}{weight}" title="{tasks}">{numbers.points(found.estimate.value)}'
        f'<small>{below}</small></td><td class="t">{track}</td>'
    )


def _findings(found: Sequence[Finding], summary: Summary) -> str:
    items = []
    for line in found:
        text = "".join(
            term(*part) if isinstance(part, tuple) else escape(part) for part in line.parts
        )
        items.append(f"<li>{_label(summary, line.series)}<span>{text}</span></li>")
    return f'<ul class="findings">{"".join(items)}</ul>'


def _behaviour(summary: Summary) -> str:
    def rows(found: Sequence[Row], kind: str) -> list[str]:
        made = []
        for row in found:
            values = [value.value for value in row.values]
            told = f"{row.name}: " + ", ".join(
                f"{each.label} {numbers.share(value)} %"
                for each, value in zip(summary.series, values, strict=True)
            )
            made.append(
                f'<th scope="row">{term(kind, row.name)}</th>'
                f'<td class="t">{marks.dots(values, told)}</td>'
                + "".join(_mean(value, summary, i) for i, value in enumerate(row.values))
            )
        return made

    if not summary.checks and not summary.flags:
        return ""
    checks = _table(
        '<th scope="col">Check</th><th scope="col" class="t axis">'
        "<span>0</span><span>50</span><span>100 %</span></th>" + _heads(summary),
        rows(summary.checks, "check"),
        "Checks of behaviour",
        "sticky marked",
    )
    flags = _table(
        '<th scope="col">Share of episodes</th><th scope="col" class="t axis">'
        "<span>0</span><span>50</span><span>100 %</span></th>" + _heads(summary),
        rows(summary.flags, "flag"),
        "Flags",
        "sticky marked",
    )
    note = (
        '<p class="note">Mean of each check over the episodes where it applies, in percent, with '
        "its 95 % interval; below it how many apply, where not all do.</p>"
    )
    body = f"{checks}{note}" if summary.checks else ""
    return body + f"<details open><summary>Flags</summary>{flags}</details>"


def _mean(value: Estimate, summary: Summary, index: int) -> str:
    if not value.n:
        return f'<td class="n faint">{numbers.NOTHING}</td>'
    below = numbers.interval(value, decimals=0)
    episodes = summary.headlines[index].episodes
    return _cell(numbers.share(value.value), _with_n(below, value, episodes))


def _with_n(below: str, value: Estimate, episodes: int) -> str:
    """What stands below a mean, with its number of episodes where these are not all."""
    return below if value.n == episodes else f"{below}{' · ' if below else ''}n {value.n:,}"


def _failures(summary: Summary) -> str:
    if not summary.failures:
        return '<p class="note">No episode failed.</p>'
    classes = _counted(summary, summary.failures, "failure", "Failure class")
    note = (
        '<p class="note">Each episode without a right answer has one class: its first cause. '
        "Percent of all episodes of the run, and how many; a click shows them.</p>"
    )
    wrong = ""
    if summary.wrong_answers:
        table = _counted(summary, summary.wrong_answers, "wrong", "Kind of wrong answer")
        wrong = f"<h3>Wrong answers</h3>{table}"
    return classes + note + wrong


def _counted(summary: Summary, rows: Sequence[CountRow], kind: str, title: str) -> str:
    most = max(max(row.shares) for row in rows)
    made = []
    for row in rows:
        line = f'<th scope="row">{term(kind, row.name)}</th>'
        for i, (count, share) in enumerate(zip(row.counts, row.shares, strict=True)):
            if not count:
                line += '<td class="t short"></td><td class="n faint">0</td>'
                continue
            told = f"{count:,} episodes of {summary.series[i].label}: {row.name}"
            track = marks.bar(share, most, i, told)
            link = _link(f"{count:,}", told, series=i, **{kind: row.name})
            line += f'<td class="t short">{track}</td>{_cell(numbers.share(share), link)}'
        made.append(line)
    head = f'<th scope="col">{title}</th>' + "".join(
        f'<th scope="col" class="pair" colspan="2">{_label(summary, i)}</th>'
        for i in range(len(summary.series))
    )
    return _table(head, made, title, "sticky")


def _dimensions(summary: Summary) -> str:
    if not summary.dimensions:
        return ""
    rows = []
    for row in summary.dimensions:
        values = [value.value for value in row.values]
        told = f"{row.name}: " + ", ".join(numbers.share(value) for value in values)
        rows.append(
            f'<th scope="row">{term("dimension", row.name)}</th>'
            f'<td class="t">{marks.dots(values, told)}</td>'
            + "".join(_mean(value, summary, i) for i, value in enumerate(row.values))
        )
    head = (
        '<th scope="col">Dimension</th><th scope="col" class="t axis"><span>0</span>'
        "<span>50</span><span>100 %</span></th>" + _heads(summary)
    )
    note = '<p class="note">Of the episodes whose task asks for a report.</p>'
    return _table(head, rows, "Rubric dimensions", "sticky marked") + note


def _groups(summary: Summary) -> str:
    made = []
    for name, found in summary.groups.items():
        if not found:
            continue
        rows = []
        for row in found:
            values = [value.value for value in row.values]
            told = f"{row.name}: " + ", ".join(numbers.share(value) for value in values)
            cells = ""
            for i, value in enumerate(row.values):
                if not value.n:
                    cells += f'<td class="n faint">{numbers.NOTHING}</td>'
                    continue
                about = f"{value.n:,} episodes of {summary.series[i].label}, {row.name}"
                link = _link(f"n {value.n:,}", about, series=i, **{FILTERS[name]: row.name})
                ends = numbers.interval(value, decimals=0)
                cells += _cell(numbers.share(value.value), f"{ends}{' · ' if ends else ''}{link}")
            rows.append(
                f'<th scope="row">{escape(row.name)}</th>'
                f'<td class="t">{marks.dots(values, told)}</td>{cells}'
            )
        head = (
            f'<th scope="col">{GROUP_TITLES[name]}</th><th scope="col" class="t axis">'
            "<span>0</span><span>50</span><span>100 %</span></th>" + _heads(summary)
        )
        made.append(_table(head, rows, f"pass@1 by {GROUP_TITLES[name]}", "sticky marked"))
    if not made:
        return ""
    return '<p class="note">pass@1 in percent.</p>' + "".join(made)


def _tools(summary: Summary) -> str:
    tools = summary.tools
    if not tools.calls:
        return ""
    rows = []
    for tool, calls in tools.calls.items():
        errors = tools.errors.get(tool, [0] * len(calls))
        line = f'<th scope="row"><code>{escape(tool)}</code></th>'
        for made, failed in zip(calls, errors, strict=True):
            rate = numbers.share(failed / made) if made else numbers.NOTHING
            below = f"{failed:,} of {made:,}" if made else ""
            line += _cell(rate, below, "n" if failed else "n faint")
        rows.append(line)
    body = _table(
        '<th scope="col">Failed calls, %</th>' + _heads(summary), rows, "By tool", "sticky"
    )
    if tools.codes:
        rows = []
        for code, found in tools.codes.items():
            line = f'<th scope="row">{term("error", code)}</th>'
            for i, failed in enumerate(found):
                episodes = summary.headlines[i].episodes
                per = numbers.amount(failed / episodes * 100, 1)
                line += _cell(per, f"{failed:,}") if failed else '<td class="n faint">0</td>'
            rows.append(line)
        head = '<th scope="col">Mistakes per 100 episodes</th>' + _heads(summary)
        body += _table(head, rows, "By kind of mistake", "sticky")
    return body


def _cost(summary: Summary) -> str:
    lines = summary.headlines
    cells: list[tuple[str, list[str]]] = [
        ("Prompt tokens an episode", [numbers.amount(h.prompt_tokens, 0) for h in lines]),
        ("Completion tokens an episode", [numbers.amount(h.completion_tokens, 0) for h in lines]),
        ("Cost an episode", [numbers.amount(h.cost, 5) for h in lines]),
        ("Cost of all", [numbers.amount(h.total_cost, 2) for h in lines]),
        ("Cost of a right answer", [numbers.amount(h.cost_per_right, 5) for h in lines]),
        ("Time of an episode, median", [numbers.seconds(h.duration_ms[0]) for h in lines]),
        ("Time of an episode, 95th percentile", [numbers.seconds(h.duration_ms[1]) for h in lines]),
        ("Time in tools an episode", [numbers.seconds(h.tool_ms) for h in lines]),
    ]
    rows = [
        f'<th scope="row">{name}</th>' + "".join(_cell(value) for value in values)
        for name, values in cells
        if any(value != numbers.NOTHING for value in values)
    ]
    if not rows:
        return ""
    return _table('<th scope="col">Mean</th>' + _heads(summary), rows, "Cost and time", "sticky")


def _curves(summary: Summary) -> str:
    if not summary.curves:
        return ""
    figures = []
    for name in summary.curves[0].values:
        figure = _figure(summary.curves, name, summary)
        if figure:
            figures.append(figure)
    note = (
        '<p class="note">Faint: mean of each step. Strong: mean over the steps around it, '
        "weighted by episodes.</p>"
    )
    return f'<div class="figures">{"".join(figures)}</div>{note}'


def _figure(curves: Sequence[Curve], name: str, summary: Summary) -> str:
    lines, ends = [], []
    for curve in curves:
        values = curve.values[name]
        if not any(math.isfinite(value) for value in values):
            continue
        hue = max(i for i, s in enumerate(summary.series)
                  if s.run == curve.run and s.policy == curve.policy)  # fmt: skip
        smooth = _smooth(values.tolist(), curve.counts.tolist())
        lines.append((hue, curve.steps.tolist(), values.tolist(), smooth))
        ends.append((hue, smooth))
    if not lines:
        return ""
    percent = name == "is_correct" or name.startswith("check_")
    top = 1.0
    if not percent:
        peak = max(v for _, _, values, _ in lines for v in values if math.isfinite(v))
        top = 1.0 if name == "reward" and peak <= 1 else max(peak * 1.05, 1e-9)

    def shown(value: float) -> str:
        return f"{numbers.share(value)} %" if percent else numbers.amount(value)

    upper = "100 %" if percent else f"{top:.3g}"
    known = [(hue, [v for v in smooth if math.isfinite(v)]) for hue, smooth in ends]
    told = "; ".join(f"from {shown(v[0])} to {shown(v[-1])}" for _, v in known)
    said = "".join(
        f'<span class="series"><svg class="key" width="10" height="10" aria-hidden="true">'
        f'<circle class="dot {marks.hue(hue)}" cx="5" cy="5" r="4.5"/></svg>'
        f"{shown(v[0])} → <strong>{shown(v[-1])}</strong></span>"
        for hue, v in known
    )
    title = CURVE_TITLES.get(name)
    heading = title or term("check", name.removeprefix("check_"))
    plain = title or name.removeprefix("check_")
    first = min(steps[0] for _, steps, _, _ in lines)
    last = max(steps[-1] for _, steps, _, _ in lines)
    return (
        f"<figure><figcaption>{heading}<span>{said}</span></figcaption>"
        f'<div class="plotted"><div class="y"><span>{upper}</span><span>0</span></div>'
        f"{marks.curve(lines, 0.0, top, f'{plain}: {told}')}</div>"
        f'<div class="x"><span>step {first:,}</span><span>{last:,}</span></div></figure>'
    )


def _smooth(values: Sequence[float], counts: Sequence[int]) -> list[float]:
    """Mean over a twentieth of the steps to both sides, weighted by episodes."""
    reach = max(1, len(values) // 20)
    smooth = []
    for at in range(len(values)):
        near = range(max(0, at - reach), min(len(values), at + reach + 1))
        pairs = [(values[i], counts[i]) for i in near if math.isfinite(values[i])]
        weight = sum(n for _, n in pairs)
        smooth.append(sum(v * n for v, n in pairs) / weight if weight else math.nan)
    return smooth
