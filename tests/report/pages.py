"""Reads what a page holds, without a browser."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

BLOCK = re.compile(r'<script type="application/octet-stream" id="([\w-]+)">([^<]*)</script>')


def blocks(page: str) -> dict[str, Any]:
    """The decompressed blocks of a page."""
    return {
        name: json.loads(gzip.decompress(base64.b64decode(data)))
        for name, data in BLOCK.findall(page)
    }


def everything(path: Path) -> str:
    """All text of a page, that of its compressed blocks included."""
    page = path.read_text("utf-8")
    inside = (json.dumps(block, ensure_ascii=False) for block in blocks(page).values())
    return "\n".join([BLOCK.sub("", page), *inside])
