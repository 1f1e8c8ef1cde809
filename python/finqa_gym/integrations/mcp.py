"""The tools of a corpus as an MCP server: ``finqa-gym serve --mcp``, or `make_server`.

Needs ``pip install "finqa-gym[mcp]"``. See docs/guides/mcp.md.
"""

from __future__ import annotations

import difflib
import json
from typing import Any

try:
    import mcp_types as types
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f'{error.name} is not installed: pip install "finqa-gym[mcp]"', name=error.name
    ) from error
import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import finqa_gym
from finqa_gym.async_engine import AsyncEngine
from finqa_gym.data import Corpus, open_corpus
from finqa_gym.integrations.limited_app import ASGIApp, LimitedApp, Receive, Scope, Send
from finqa_gym.integrations.limits import Limits

__all__ = ["CorpusTools", "http_app", "make_server", "serve_stdio"]

PATH = "/mcp"
LISTED = 50
"""Companies of one answer, unless the caller says otherwise."""
MAX_LISTED = 1_000
COMPANY = "company_name"
LIST_COMPANIES: dict[str, Any] = {
    "name": "list_companies",
    "description": "List the companies whose tables can be read. Call this first if you were not "
    "given a company's name as it is written here.",
    "parameters": {
        "type": "object",
        "properties": {
            "search": {
                "type": "string",
                "description": "Only names that hold this text; letter case does not matter.",
            },
            "limit": {
                "type": "integer",
                "minimum": 1,
                "maximum": MAX_LISTED,
                "description": f"Names to return; {LISTED} if not given.",
            },
        },
        "additionalProperties": False,
    },
}
INSTRUCTIONS = (
    "Tables of companies' annual reports, read-only. list_companies names the companies; list a "
    "company's tables, read the columns and row labels of those that matter, then query cells in "
    "SQL. Names of tables and columns cannot be guessed. Cells are text as printed: strip currency "
    "signs, commas and percent signs; parentheses mean a negative number and a dash means zero. If "
    "a call fails, read the error, correct the call and try again."
)


class CorpusTools:
    """The tools of a corpus without episodes: a call needs nothing but its arguments.

    Args:
        corpus: The corpus.
        split: Companies of this split's tasks. None is all; of a corpus with an endless split,
            its first finite one.
        max_calls: Calls at the same time; further ones wait.
        tool_profile: "rllm" or "openenv": the tools of "compact" do not name their company.
        **options: More options of `VectorEnv`.

    Raises:
        ValueError: There are no companies to read, or a profile without company names.
    """

    def __init__(
        self,
        corpus: Corpus,
        split: str | None = None,
        *,
        max_calls: int = 64,
        tool_profile: str = "rllm",
        **options: Any,
    ) -> None:
        """See the class."""
        if tool_profile == "compact":
            raise ValueError(
                'tool_profile is "compact", whose tools look at the company of an episode; '
                'here every call names its company: "rllm" or "openenv"'
            )
        if split is None and corpus.is_endless:
            split = next((name for name, size in corpus.splits().items() if size is not None), None)
        if corpus.known_split(split) is not None and corpus.splits()[str(split)] is None:
            raise ValueError(f"split {split!r} is endless, so its companies cannot be listed")
        # An episode sees the companies of its task. Any task of a company opens it.
        self._task_of: dict[str, str] = {}
        for task in corpus.tasks(split):
            for company in task["companies"]:
                self._task_of.setdefault(company, task["id"])
        self._written = {company.lower(): company for company in self._task_of}
        if not self._task_of:
            raise ValueError(f"corpus {corpus.name!r} has no tasks, so no company can be opened")
        self._engine = AsyncEngine(
            corpus,
            max_calls,
            **{"tool_profile": tool_profile, "keep_messages": False, "max_turns": 2, **options},
        )
        functions = [tool["function"] for tool in self._engine.tools]
        self.functions: list[dict[str, Any]] = [LIST_COMPANIES]
        """Name, description and parameters of every tool."""
        # Nothing is asked here, so there is nothing to submit.
        self.functions += [f for f in functions if f["name"] != "submit_answer"]
        self._names = [function["name"] for function in self.functions]
        self._takes_company = {
            f["name"] for f in self.functions if COMPANY in f["parameters"]["properties"]
        }

    @property
    def companies(self) -> list[str]:
        """Names of the companies that can be read."""
        return list(self._task_of)

    async def call(self, name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        """Runs a tool.

        Returns:
            Its text, and whether that tells of a mistake of the caller's.
        """
        if name == LIST_COMPANIES["name"]:
            return self._list_companies(arguments)
        if name not in self._names:
            return (
                f"Error: There is no tool {name[:200]!r}. The tools are {', '.join(self._names)}.",
                True,
            )
        company = next(iter(self._task_of))
        if name in self._takes_company and isinstance(arguments.get(COMPANY), str):
            # Case, blanks and backticks do not matter, as in an episode.
            asked = arguments[COMPANY].strip().strip("`").strip().lower()
            if asked not in self._written:
                return self._no_company(arguments[COMPANY]), True
            company = self._written[asked]
        function = {"name": name, "arguments": json.dumps(arguments)}
        message = {"role": "assistant", "content": None, "tool_calls": [{"function": function}]}
        async with await self._engine.start(self._task_of[company]) as episode:
            turn = await episode.call(message)
            return turn.observation, int(turn.info["error_code"]) >= 0

    def close(self) -> None:
        """Ends the engine."""
        self._engine.close()

    def _list_companies(self, arguments: dict[str, Any]) -> tuple[str, bool]:
        unknown = sorted(arguments.keys() - LIST_COMPANIES["parameters"]["properties"].keys())
        search, limit = arguments.get("search", ""), arguments.get("limit", LISTED)
        if unknown:
            return f"Error: list_companies takes search and limit, not {', '.join(unknown)}.", True
        if not isinstance(search, str):
            return f"Error: search is {search!r}; a text is needed.", True
        if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MAX_LISTED:
            told = f"a whole number from 1 to {MAX_LISTED} is needed"
            return f"Error: limit is {limit!r}; {told}.", True
        found = [name for name in self._task_of if search.strip().lower() in name.lower()]
        text = json.dumps(found[:limit], ensure_ascii=False)
        if len(found) > limit:
            text += f"\n({limit} of {len(found)} companies; search for a part of the name)"
        return text, False

    def _no_company(self, asked: str) -> str:
        near = difflib.get_close_matches(asked.strip().lower()[:200], self._written, 3, 0.5)
        names = ", ".join(self._written[name] for name in near)
        told = f" Near names: {names}." if near else ""
        return (
            f"Error: There is no company {asked[:200]!r}.{told} list_companies searches for names."
        )


def make_server(tools: CorpusTools) -> Server[Any]:
    """An MCP server of the official SDK with these tools.

    A caller's mistake is a result with ``isError`` and the engine's text, so that the model reads
    it; a protocol error would end up in the client's code.
    """
    listed = types.ListToolsResult(
        tools=[
            types.Tool(
                name=function["name"],
                description=function["description"],
                input_schema=function["parameters"],
                annotations=types.ToolAnnotations(
                    read_only_hint=True, idempotent_hint=True, open_world_hint=False
                ),
            )
            for function in tools.functions
        ]
    )

    async def on_list_tools(_context: Any, _params: Any) -> types.ListToolsResult:
        return listed

    async def on_call_tool(_context: Any, params: Any) -> types.CallToolResult:
        text, is_error = await tools.call(params.name, params.arguments or {})
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)], is_error=is_error
        )

    return Server(
        "finqa-gym",
        version=finqa_gym.__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=on_list_tools,
        on_call_tool=on_call_tool,
    )


def http_app(tools: CorpusTools, limits: Limits | None = None, host: str = "127.0.0.1") -> ASGIApp:
    """The server over streamable HTTP at ``/mcp``, and ``/health``.

    Nothing is kept between two requests, so there are no sessions that a client could pile up.

    Args:
        tools: The tools.
        limits: Sizes, times and requests at the same time.
        host: Where it will listen; on a loopback address foreign ``Host`` headers are refused.
    """
    limits = Limits() if limits is None else limits

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "healthy", "companies": len(tools.companies)})

    app = make_server(tools).streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=limits.max_message_bytes,
        host=host,
        custom_starlette_routes=[Route("/health", health)],
    )

    async def only_posts(scope: Scope, receive: Receive, send: Send) -> None:
        # A GET would open a stream for messages of the server, which has none, and keep it open.
        posts = scope["type"] != "http" or scope["path"] != PATH or scope["method"] == "POST"
        if posts:
            await app(scope, receive, send)
        else:
            refused = JSONResponse({"detail": "POST only"}, 405, headers={"allow": "POST"})
            await refused(scope, receive, send)

    return LimitedApp(only_posts, limits)


def serve_stdio(tools: CorpusTools) -> None:
    """Serves one client on standard input and output until it leaves."""

    async def run() -> None:
        server = make_server(tools)
        async with stdio_server() as (reads, writes):
            await server.run(reads, writes, server.create_initialization_options())

    anyio.run(run)


def open_tools(corpus: str, split: str | None = None, **options: Any) -> CorpusTools:
    """`CorpusTools` of what `open_corpus` opens."""
    return CorpusTools(open_corpus(corpus), split, **options)
