"""Ten generated tables beside ten real ones as one HTML page, to be looked at.

    python benches/realism/side_by_side.py [--out runs/side-by-side] [--seed 0] [--style default]

The page goes into a folder that git ignores: the real half belongs to others. `generated.html`
beside it holds the generated half alone. Where Chromium is installed, a PNG is made as well.
"""

from __future__ import annotations

import argparse
import html
import shutil
import subprocess
from pathlib import Path

from tables import AS_FILED, REPOSITORY, Filed, generated, real, sample

STYLE = """
body { font: 13px/1.35 Georgia, serif; margin: 24px; color: #111; }
.pair { display: flex; gap: 32px; margin-bottom: 28px; align-items: flex-start; }
.pair > div { width: 50%; min-width: 0; }
h2 { font-size: 15px; } h3 { font: 11px monospace; margin: 0 0 2px; overflow-wrap: anywhere; }
p { font: 11px monospace; color: #666; margin: 0 0 6px; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th { font: 11px monospace; border-bottom: 1px solid #333; text-align: right; }
td { text-align: right; padding: 1px 6px; white-space: pre; }
td:first-child, th:first-child { text-align: left; white-space: normal; }
tr:nth-child(odd) td { background: #eef4f8; }
"""


def shown(filed: Filed) -> str:
    """A table as HTML."""
    filing, table = filed
    cell = html.escape
    head = "".join(f"<th>{cell(str(c))}</th>" for c in table["columns"])
    rows = "".join(
        "<tr>" + "".join(f"<td>{cell(str(c or ''))}</td>" for c in row) + "</tr>"
        for row in table["rows"]
    )
    about = cell(f"{table.get('description') or '(no description)'}")
    return (
        f"<div><h3>{cell(filing)} / {cell(table['name'])}</h3><p>{about}</p>"
        f"<table><tr>{head}</tr>{rows}</table></div>"
    )


def page(title: str, pairs: list[list[Filed]]) -> str:
    """A page of rows of tables."""
    body = "".join(
        '<div class="pair">' + "".join(shown(filed) for filed in pair) + "</div>" for pair in pairs
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style><h2>{title}</h2>{body}</html>\n"
    )


def picture(file: Path) -> None:
    """Renders a page with Chromium, if there is one."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("no Chromium: the page was not rendered")
        return
    image = file.with_suffix(".png")
    subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--window-size=1500,4200", f"--screenshot={image}", file.resolve().as_uri(),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    print(f"wrote {image}")


def main() -> None:
    """Writes the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "runs" / "side-by-side")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--style", choices=("as-filed", "default"), default="as-filed")
    options = parser.parse_args()
    config = AS_FILED if options.style == "as-filed" else {}
    ours = sample(generated(40, config, seed=options.seed), 10, seed=options.seed)
    theirs = [filed for filings in real().values() for filed in filings]
    options.out.mkdir(parents=True, exist_ok=True)
    alone = options.out / "generated.html"
    alone.write_text(page("Generated tables", [[one] for one in ours]), encoding="utf-8")
    print(f"wrote {alone}")
    if theirs:
        pairs = [
            list(pair) for pair in zip(ours, sample(theirs, 10, seed=options.seed), strict=True)
        ]
        beside = options.out / "beside-real.html"
        beside.write_text(page("Generated (left), real (right)", pairs), encoding="utf-8")
        print(f"wrote {beside}")
        picture(beside)


if __name__ == "__main__":
    main()
