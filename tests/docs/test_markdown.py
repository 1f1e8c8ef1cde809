"""The Python blocks of the documentation run, and its relative links lead somewhere.

A block is run unless the line before it is `<!-- not run: reason -->`. The blocks of a page run in
order in one namespace, as a reader would run them, inside an empty folder.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(r"^(`{3,})(\w*)[^\n]*\n(.*?)^\1`*[ \t]*$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- not run: \S.* -->\s*\Z")
_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)")


def blocks(text: str) -> Iterator[tuple[int, str]]:
    """Python blocks that are to be run: line of the first statement, and source."""
    for match in _FENCE.finditer(text):
        if match[2] == "python" and not _NOT_RUN.search(text[: match.start()]):
            yield text.count("\n", 0, match.start(3)) + 1, match[3]


def anchors(text: str) -> set[str]:
    """What `#…` may name in a page, by GitHub's rule for headings."""
    plain = _FENCE.sub("", text)
    titles = re.findall(r"^#{1,6} +(.+?) *$", plain, re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return {title.replace(" ", "-") for title in kept}


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links of a page whose file or heading does not exist."""
    broken = []
    for match in _LINK.finditer(_FENCE.sub("", text)):
        target = match[1] or match[2]
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        found = file.exists()
        if found and anchor and file.suffix == ".md":
            found = anchor in anchors(file.read_text("utf-8"))
        if not found:
            broken.append(target)
    return broken


OF_AN_EXTRA = {"train.md": "transformers"}
"""Pages whose code needs a library of an extra."""
OF_A_FEATURE = {"analytics.md", "filings.md"}
"""Pages whose code needs a build with the Cargo feature datafusion."""
WITH_CODE = [page for page in PAGES if any(blocks(page.read_text("utf-8")))]


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_blocks_run(
    page: Path, finqa_gym: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page.name in OF_A_FEATURE and "datafusion" not in finqa_gym.build_info()["features"]:
        pytest.skip("built without the feature datafusion (make build FEATURES=datafusion)")
    if page.name in OF_AN_EXTRA:
        pytest.importorskip(OF_AN_EXTRA[page.name], reason="the extra train is not installed")
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for line, source in blocks(page.read_text("utf-8")):
        # Blank lines in front let a traceback name the line of the page.
        code = compile("\n" * (line - 1) + source, str(page), "exec")
        exec(code, namespace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text("utf-8")) == []


def test_there_are_pages_with_code() -> None:
    assert len(WITH_CODE) >= 3


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# A heading, with `code`\n", encoding="utf-8")
    text = (
        "[a](other.md) [b](missing.md) [c](other.md#a-heading-with-code) [d](other.md#gone)\n"
        "[e](https://example.org/x) ![f](gone.png)\n```\n[g](in-code.md)\n```\n[h](#here)\n# Here\n"
    )
    page.write_text(text, encoding="utf-8")
    assert broken_links(page, text) == ["missing.md", "other.md#gone", "gone.png"]


def test_blocks_marked_as_not_run_are_left_out() -> None:
    text = (
        "```python\nx = 1\n```\n\n<!-- not run: needs a GPU -->\n```python\ny = 1\n```\n"
        "<!-- not run: -->\n```python\nz = 1\n```\n```sh\nls\n```\n"
    )
    assert [source for _, source in blocks(text)] == ["x = 1\n", "z = 1\n"]
    assert [line for line, _ in blocks(text)] == [2, 11]
