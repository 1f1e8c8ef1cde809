"""``finqa-gym bench``: speed, latency, threads and memory, beside two baselines of the same run."""

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, Group

from finqa_gym.cli.corpora import CorpusOption, open_with_progress
from finqa_gym.cli.screen import grid, notices, results, section, stages

if TYPE_CHECKING:
    from finqa_gym.bench.compare import Comparison
    from finqa_gym.bench.engine import EngineSpeed
    from finqa_gym.bench.memory import EpisodeMemory
    from finqa_gym.bench.recording import RecordingCost

__all__ = ["bench", "comparison_table", "thread_counts"]

NO_PANDAS = "not measured: pandas is not installed (pip install 'finqa-gym[bench]')"
GIB = 1 << 30


def bench(
    corpus: CorpusOption = "synthetic",
    num_envs: Annotated[int, typer.Option("--num-envs", min=1, help="Slots.")] = 4096,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.001, help="Time of one measurement.")
    ] = 3.0,
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, help="Measurements of each contender.")
    ] = 3,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="Episodes of a slot before its texts come again.")
    ] = 4,
    memory_episodes: Annotated[
        int, typer.Option("--memory-episodes", min=0, help="Live episodes to weigh; 0 is none.")
    ] = 100_000,
    record: Annotated[
        bool, typer.Option("--record", help="Measure what recording every episode costs.")
    ] = False,
    import_time: Annotated[
        bool, typer.Option("--import-time", help="Measure `import finqa_gym` in child processes.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--json", help="Write every figure here; - is standard output.")
    ] = None,
) -> None:
    """Measure the engine and two baselines on the same tables in the same run."""
    from finqa_gym.bench.compare import compare
    from finqa_gym.bench.engine import EngineRun, finite, make_workload
    from finqa_gym.bench.machine import machine, usable_cores
    from finqa_gym.bench.memory import measure_in_child
    from finqa_gym.bench.recording import measure_recording

    facts = machine()
    opened = open_with_progress(corpus)
    with stages() as stage:
        if opened.is_endless:
            stage("making the companies")
            opened = finite(opened)
        stage("writing the workload")
        workload = make_workload(opened, num_envs=num_envs, rounds=rounds)

        def engine(what: str, **options: Any) -> "EngineSpeed":
            stage(what)
            with EngineRun(workload, **options) as run:
                for _ in range(repeats):
                    run.measure(seconds)
                return run.speed()

        compared = compare(workload, seconds=seconds, repeats=repeats, on_stage=stage)
        cached = engine("result cache on", cache=True)
        latency = engine("latency of the tools", measure_latency=True)
        sweep = [
            engine(f"{count} threads", num_threads=count) for count in thread_counts(usable_cores())
        ]
        memory = None
        if memory_episodes:
            stage(f"memory of {memory_episodes:,} episodes")
            memory = measure_in_child(corpus, memory_episodes)
        recording = None
        if record:
            recording = measure_recording(
                workload, seconds=seconds, repeats=repeats, on_stage=stage
            )
        imports = _import_seconds(stage) if import_time else None
    figures = {
        **_headline(compared),
        "workload": {
            "corpus": opened.name,
            "corpus_hash": opened.content_hash,
            "num_envs": num_envs,
            "companies": workload.num_companies,
            "tables": len(workload.tables),
            "distinct_sql_texts": workload.num_queries,
            "seconds": seconds,
            "repeats": repeats,
        },
        "engine": _speed_figures(compared.engine),
        "plain_env": compared.plain,
        "bare_sqlite": compared.bare,
        "cached": _speed_figures(cached),
        "latency_us": {
            tool: {"p50": p50, "p99": p99} for tool, (p50, p99) in latency.latency_us.items()
        },
        "threads": [_speed_figures(speed) for speed in sweep],
        "memory": memory,
        "recording": None if recording is None else _recording_figures(recording),
        "import_s": imports,
        "machine": facts,
    }
    if report == Path("-"):
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        return
    if report is not None:
        report.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    console = results()
    _print_conditions(console, figures)
    console.print(comparison_table(compared, cached))
    if compared.plain is None:
        notices().print(f"The plain Python environment was {NO_PANDAS}.", markup=False)
    console.print(_latency_table(latency))
    console.print(_thread_table(sweep))
    _print_memory(console, memory)
    if recording is not None:
        console.print(recording_line(recording))
    if imports is not None:
        console.print(
            f"import finqa_gym: median {median(imports):.3f} s, best {min(imports):.3f} s "
            f"of {len(imports)} fresh processes"
        )


def thread_counts(cores: int) -> list[int]:
    """Thread counts of the sweep: every one up to eight cores, beyond that the powers of two.

    Example:
        >>> thread_counts(3), thread_counts(24)
        ([1, 2, 3], [1, 2, 4, 8, 16, 24])
    """
    if cores <= 8:
        return list(range(1, cores + 1))
    powers = [1 << exponent for exponent in range(cores.bit_length()) if 1 << exponent < cores]
    return [*powers, cores]


def _headline(compared: "Comparison") -> dict[str, float | None]:
    return {
        "env_steps_per_s": compared.engine.median_steps_per_s,
        "episodes_per_s": median(compared.engine.episodes_per_s),
        "plain_env_ratio": compared.plain_env_ratio,
        "bare_sqlite_ratio": compared.bare_sqlite_ratio,
    }


def _speed_figures(speed: "EngineSpeed") -> dict[str, Any]:
    return {
        "num_threads": speed.num_threads,
        "steps_per_s_median": speed.median_steps_per_s,
        "steps_per_s": speed.steps_per_s,
        "episodes_per_s": speed.episodes_per_s,
        "cores_busy": speed.cores_busy,
        "cpu_us_per_step": speed.cpu_us_per_step,
        "correct_share": speed.correct_share,
        "tool_calls": speed.calls,
        "tool_errors": speed.errors,
        "cache_hit_rate": speed.cache_hit_rate,
    }


def _recording_figures(cost: "RecordingCost") -> dict[str, Any]:
    return {
        "slowdown": cost.slowdown,
        "cpu_overhead": cost.cpu_overhead,
        "steps_per_s_without": cost.without,
        "steps_per_s": cost.recording,
        "cpu_us_per_step_without": cost.cpu_us_without,
        "cpu_us_per_step": cost.cpu_us_recording,
        "episodes": cost.num_episodes,
        "bytes_per_episode": cost.bytes_per_episode,
        "parquet_bytes_per_episode": cost.parquet_bytes_per_episode,
    }


def recording_line(cost: "RecordingCost") -> str:
    """What recording costs, in a sentence."""
    return (
        f"recording costs {cost.slowdown:.1%} of the steps a second (median of pairs: "
        f"{median(cost.without):,.0f} without, {median(cost.recording):,.0f} recording; CPU "
        f"{cost.cpu_us_without:.2f} and {cost.cpu_us_recording:.2f} µs/step); "
        f"{cost.num_episodes:,} episodes, {cost.bytes_per_episode:,.0f} bytes each in the log, "
        f"{cost.parquet_bytes_per_episode:,.0f} in Parquet"
    )


def comparison_table(compared: "Comparison", cached: "EngineSpeed | None" = None) -> Group:
    """Engine and baselines with the ratios."""
    table = grid("contender", ">steps/s, median", ">best", ">episodes/s", ">engine is")
    engine = compared.engine
    name = f"finqa-gym, {engine.num_threads} threads, result cache off"
    table.add_row(*_engine_row(name, engine), "1.0x")
    if cached is not None:
        hits = f"{cached.cache_hit_rate:.0%}" if cached.cache_hit_rate is not None else "no"
        name = f"finqa-gym, {cached.num_threads} threads, result cache on ({hits} hits)"
        table.add_row(*_engine_row(name, cached), "")
    ratio = compared.plain_env_ratio
    if compared.plain is None or ratio is None:
        table.add_row("plain Python environment", "-", "-", "-", "needs pandas")
    else:
        steps = [rate["steps_per_s"] for rate in compared.plain]
        episodes = median(rate["episodes_per_s"] or 0.0 for rate in compared.plain)
        table.add_row(
            "plain Python environment (pandas, sqlite3, a lock)",
            *(f"{median(steps):,.0f}", f"{max(steps):,.0f}", f"{episodes:,.0f}", f"{ratio:.1f}x"),
        )
    steps = [rate["steps_per_s"] for rate in compared.bare]
    table.add_row(
        "bare sqlite3 loop (queries only)",
        *(f"{median(steps):,.0f}", f"{max(steps):,.0f}", "-", f"{compared.bare_sqlite_ratio:.2f}x"),
    )
    return section(
        "Engine and baselines",
        table,
        "Equal shares of list, info, failing query, good query, calculator and submit.",
        "The engine's time holds step and the reset of ended slots.",
        "The bare loop runs the queries alone: no parsing, tools, episodes or sandbox.",
    )


def _engine_row(name: str, speed: "EngineSpeed") -> tuple[str, str, str, str]:
    return (
        name,
        f"{speed.median_steps_per_s:,.0f}",
        f"{max(speed.steps_per_s):,.0f}",
        f"{median(speed.episodes_per_s):,.0f}",
    )


def _print_conditions(console: Console, figures: dict[str, Any]) -> None:
    workload, facts, engine = figures["workload"], figures["machine"], figures["engine"]
    build = facts["build"]
    load = "unknown" if facts["load_1_min"] is None else f"{facts['load_1_min']:.2f}"
    lines = {
        "machine": f"{facts['cpu'] or 'unknown CPU'}, {facts['cores']} cores, "
        f"load {load} at the start, Python {facts['python']}",
        "build": f"{build['version']} {build['profile']} {build['target']}, {build['sqlite']}, "
        f"commit {facts['commit'] or 'unknown'}",
        "workload": f"{workload['corpus']}: {workload['companies']:,} companies, "
        f"{workload['tables']:,} tables, {workload['distinct_sql_texts']:,} different SQL texts, "
        f"{workload['num_envs']:,} slots; {workload['repeats']} x {workload['seconds']:g} s",
        "checked": f"{engine['correct_share']:.4f} of the submitted truths rewarded; "
        f"calls {_shares(engine['tool_calls'])}; errors {engine['tool_errors']}",
    }
    for name, line in lines.items():
        console.print(f"{name:9} {line}", markup=False)
    if build["profile"] != "release":
        console.print("This is a debug build: its speed says nothing.", style="bold red")


def _shares(calls: dict[str, int]) -> str:
    total = sum(calls.values()) or 1
    return ", ".join(f"{tool} {count / total:.1%}" for tool, count in calls.items())


def _latency_table(speed: "EngineSpeed") -> Group:
    table = grid("tool", ">p50, µs", ">p99, µs")
    for tool, (p50, p99) in speed.latency_us.items():
        table.add_row(tool, f"{p50:,.2f}", f"{p99:,.2f}")
    return section(
        "Latency of a tool call",
        table,
        "A run of its own with clocks on, result cache off.",
        "Upper bounds of histogram buckets, four a doubling.",
    )


def _thread_table(sweep: "list[EngineSpeed]") -> Group:
    table = grid(
        ">threads", ">steps/s, median", ">best", ">to one thread", ">cores busy", ">CPU, µs/step"
    )
    for speed in sweep:
        table.add_row(
            str(speed.num_threads),
            f"{speed.median_steps_per_s:,.0f}",
            f"{max(speed.steps_per_s):,.0f}",
            f"{speed.median_steps_per_s / sweep[0].median_steps_per_s:.2f}x",
            f"{speed.cores_busy:.2f}",
            f"{speed.cpu_us_per_step:.2f}",
        )
    remark = "Few cores busy on a machine that others use: look at the CPU time of a step instead."
    return section("Threads", table, remark)


def _print_memory(console: Console, memory: "EpisodeMemory | None") -> None:
    if memory is None:
        return
    console.print(
        f"memory    {memory['episodes']:,} live episodes after {memory['turns']} turns, messages "
        f"kept: {memory['growth_bytes'] / GIB:.3f} GiB, {memory['bytes_per_episode']:,.0f} bytes "
        f"an episode (result cache {memory['cache_bytes'] / GIB:.3f} GiB and images "
        f"{memory['image_bytes'] / GIB:.3f} GiB of it)",
        markup=False,
    )


def _import_seconds(stage: Any, processes: int = 5) -> list[float]:
    code = "import time; t = time.perf_counter(); import finqa_gym; print(time.perf_counter() - t)"
    measured = []
    for _ in range(processes):
        stage("import time")
        child = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        )
        measured.append(float(child.stdout))
        time.sleep(0.05)
    return measured
