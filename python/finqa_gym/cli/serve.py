"""``finqa-gym serve``: a corpus behind OpenEnv's protocol or as an MCP server."""

# No postponed annotations: typer reads them when the command is called.
import sys
from enum import Enum
from importlib.util import find_spec
from typing import Annotated

import typer

from finqa_gym.cli.corpora import CorpusOption, LayoutOption, open_with_progress
from finqa_gym.exceptions import FeatureNotBuiltError

__all__ = ["serve"]


class Transport(str, Enum):
    """How an MCP client reaches the server."""

    stdio = "stdio"
    http = "http"


def serve(
    openenv: Annotated[
        bool, typer.Option("--openenv", help="Episodes for OpenEnv's clients, over HTTP.")
    ] = False,
    mcp: Annotated[
        bool, typer.Option("--mcp", help="The tools of the corpus for any MCP client.")
    ] = False,
    corpus: CorpusOption = "synthetic",
    layout: LayoutOption = None,
    split: Annotated[
        str | None, typer.Option("--split", help="Split of the tasks, or of MCP's companies.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the order of tasks.")] = 0,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            help="Tools: rllm, openenv or compact; if not given, openenv with --openenv and rllm "
            "with --mcp.",
        ),
    ] = None,
    reveal_truth: Annotated[
        bool,
        typer.Option("--reveal-truth", help="OpenEnv: tell the right answer after an episode."),
    ] = False,
    transport: Annotated[
        Transport, typer.Option("--transport", help="MCP: how clients reach it.")
    ] = Transport.stdio,
    host: Annotated[str, typer.Option("--host", help="Address; 0.0.0.0 is all.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")
    ] = 8000,
    max_sessions: Annotated[
        int, typer.Option("--max-sessions", min=1, help="OpenEnv: sessions at the same time.")
    ] = 256,
    max_sessions_per_client: Annotated[
        int | None,
        typer.Option("--max-sessions-per-client", min=1, help="OpenEnv: of one address; all."),
    ] = None,
    max_requests: Annotated[
        int, typer.Option("--max-requests", min=1, help="Plain requests at the same time.")
    ] = 64,
    max_message_bytes: Annotated[
        int, typer.Option("--max-message-bytes", min=1024, help="Longest message.")
    ] = 128 * 1024,
    messages_per_s: Annotated[
        float,
        typer.Option("--messages-per-s", min=0.0, help="OpenEnv: of one socket; 0 is no limit."),
    ] = 200.0,
    idle_timeout_s: Annotated[
        float,
        typer.Option("--idle-timeout-s", help="OpenEnv: silence that ends a session."),
    ] = 900.0,
    trusted_proxies: Annotated[
        str,
        typer.Option("--trusted-proxies", help="Whose X-Forwarded-For is believed; * for all."),
    ] = "127.0.0.1",
) -> None:
    """Serve a corpus: episodes over OpenEnv's protocol, or its tools over MCP."""
    if openenv == mcp:
        raise ValueError("say what to serve: --openenv or --mcp")
    _needs_extra("openenv" if openenv else "mcp")
    from finqa_gym.integrations.limits import Limits

    limits = Limits(
        max_sessions=max_sessions,
        max_sessions_per_client=max_sessions_per_client,
        idle_timeout_s=idle_timeout_s,
        max_requests=max_requests,
        max_message_bytes=max_message_bytes,
        messages_per_s=messages_per_s,
    )
    opened = open_with_progress(corpus, layout)
    if openenv:
        from finqa_gym.integrations.openenv.app import create_app
        from finqa_gym.integrations.serving import serve as run

        app = create_app(
            opened,
            split=split,
            limits=limits,
            reveal_truth=reveal_truth,
            tool_profile=profile or "openenv",
            seed=seed,
        )
        with app.state.source.engine:
            run(app, limits, host=host, port=port, trusted_proxies=trusted_proxies, listening=_say)
        return
    from finqa_gym.integrations import mcp as corpus_mcp

    tools = corpus_mcp.CorpusTools(
        opened, split, tool_profile=profile or "rllm", max_calls=max_requests
    )
    if transport is Transport.stdio:
        corpus_mcp.serve_stdio(tools)
        return
    from finqa_gym.integrations.serving import serve as run

    app = corpus_mcp.http_app(tools, limits, host)
    run(
        app,
        limits,
        host=host,
        port=port,
        trusted_proxies=trusted_proxies,
        listening=lambda url: _say(f"{url}{corpus_mcp.PATH}"),
    )


def _needs_extra(name: str) -> None:
    module = {"openenv": "openenv", "mcp": "mcp_types"}[name]
    if find_spec(module) is None:
        raise FeatureNotBuiltError(
            f'serving needs {name}, which is not installed: pip install "finqa-gym[{name}]"'
        )


def _say(url: str) -> None:
    # Standard output is for the URL alone, so that scripts can read it.
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
