"""The terminal browser: the numbers, the list of episodes, one episode beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import DataTable, Footer, Input, Static, TabbedContent, TabPane

from finqa_gym.analysis import RunData, Summary
from finqa_gym.report import numbers
from finqa_gym.view.episode import show_episode
from finqa_gym.view.listing import HELP, Listing
from finqa_gym.view.tables import hue, show_summary

__all__ = ["Browser"]

BATCH_ROWS = 1_000
"""Rows that the table gets at a time, as the cursor comes near its end."""


class Browser(App[None]):
    """Reads runs.

    Args:
        runs: Recorded runs.
        summary: What they came to.
        query: What the list shows at first; see `finqa_gym.view.listing.HELP`.
    """

    CSS = """
    #list { width: 46%; min-width: 44; }
    #query { border: round $surface; height: 3; }
    #query.wrong { border: round $error; }
    #found { height: auto; color: $text-muted; padding: 0 1; }
    #episodes { height: 1fr; }
    #reading { border-left: solid $surface; padding: 0 1; }
    #summary { padding: 1 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "find", "Filter"),
        Binding("j,right_square_bracket", "next(1)", "Next"),
        Binding("k,left_square_bracket", "next(-1)", "Previous"),
        Binding("s", "tab('numbers')", "Numbers"),
        Binding("e", "tab('browse')", "Episodes"),
        Binding("escape", "leave", "List", show=False),
        Binding("question_mark", "explain", "Help"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, runs: Sequence[RunData], summary: Summary, query: str = "") -> None:
        """See the class."""
        super().__init__()
        self.title = "finqa-gym view"
        self.listing = Listing(runs)
        self.summary = summary
        self.first_query = query
        self.rows: list[int] = []
        self.shown = 0

    def compose(self) -> ComposeResult:
        """The two tabs."""
        with TabbedContent(initial="browse" if self.first_query else "numbers"):
            with TabPane("Numbers", id="numbers"), VerticalScroll(id="scroll"):
                yield Static(show_summary(self.summary), id="summary")
            with TabPane("Episodes", id="browse"), Horizontal():
                with Vertical(id="list"):
                    yield Input(self.first_query, placeholder="filter; ? explains", id="query")
                    yield Static("", id="found")
                    yield DataTable(id="episodes", cursor_type="row", zebra_stripes=False)
                with VerticalScroll(id="reading"):
                    yield Static("Choose an episode.", id="episode")
        yield Footer()

    def on_mount(self) -> None:
        """Fills the list."""
        table = self.query_one("#episodes", DataTable)
        table.add_columns("", "reward", "run", "task", "failure", "question")
        self._filter(self.first_query)

    @on(Input.Changed, "#query")
    def _on_query(self, event: Input.Changed) -> None:
        self._filter(event.value)

    @on(Input.Submitted, "#query")
    def _on_submitted(self) -> None:
        self.query_one("#episodes", DataTable).focus()

    def _filter(self, query: str) -> None:
        found = self.query_one("#found", Static)
        try:
            self.rows = self.listing.select(query).tolist()
        except ValueError as error:
            self.query_one("#query").add_class("wrong")
            found.update(Text(str(error)))
            return
        self.query_one("#query").remove_class("wrong")
        correct = self.listing.columns["is_correct"][self.rows]
        faulty = self.listing.columns["flag_infra_fault"][self.rows] == 1
        graded = correct[(correct == correct) & ~faulty]  # a fault says nothing about the policy
        share = f", {numbers.share(graded.mean())} % right" if len(graded) else ""
        found.update(f"{len(self.rows):,} episodes{share}")
        table = self.query_one("#episodes", DataTable)
        table.clear()
        self.shown = 0
        self._grow()

    def _grow(self) -> None:
        table = self.query_one("#episodes", DataTable)
        for row in self.rows[self.shown : self.shown + BATCH_ROWS]:
            table.add_row(*self._cells(row), key=str(row))
        self.shown = min(self.shown + BATCH_ROWS, len(self.rows))

    def _cells(self, row: int) -> list[Text]:
        columns = self.listing.columns
        correct = columns["is_correct"][row]
        mark = Text("?", "dim") if correct != correct else (
            Text("✓", "green") if correct else Text("✗", "red")
        )  # fmt: skip
        return [
            mark,
            Text(numbers.amount(columns["reward"][row]), justify="right"),
            Text(columns["run"][row], hue(int(self.listing.run_index[row]))),
            Text(columns["task_id"][row][:20]),
            Text(columns["failure"][row].replace("_", " "), "dim"),
            Text(columns["question"][row][:120]),
        ]

    @on(DataTable.RowHighlighted, "#episodes")
    def _on_row(self, event: DataTable.RowHighlighted) -> None:
        if event.cursor_row >= self.shown - 50 and self.shown < len(self.rows):
            self._grow()
        if event.row_key.value is None:
            return
        row = int(event.row_key.value)
        run = self.listing.runs[int(self.listing.run_index[row])]
        shown = show_episode(
            self.listing.record(row), str(self.listing.columns["run"][row]), run.info.get("tools")
        )
        self.query_one("#episode", Static).update(shown)
        self.query_one("#reading", VerticalScroll).scroll_home(animate=False)

    def action_find(self) -> None:
        """Goes to the filter."""
        self.action_tab("browse")
        self.query_one("#query", Input).focus()

    def action_leave(self) -> None:
        """Goes back to the list."""
        self.query_one("#episodes", DataTable).focus()

    def action_tab(self, name: str) -> None:
        """Shows a tab."""
        self.query_one(TabbedContent).active = name
        target = "#episodes" if name == "browse" else "#scroll"
        self.query_one(target).focus()

    def action_next(self, by: int) -> None:
        """Goes on by ``by`` episodes."""
        table = self.query_one("#episodes", DataTable)
        table.move_cursor(row=table.cursor_row + by)

    def action_explain(self) -> None:
        """Says what a filter may hold."""
        self.notify(HELP, title="Filter", timeout=20)
