"""What is said where the extra is not installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest
from typer.testing import CliRunner

from finqa_gym.cli import app


@pytest.mark.skipif(find_spec("mcp_types") is not None, reason="the extra mcp is installed")
def test_the_command_names_the_extra() -> None:
    result = CliRunner().invoke(app, ["serve", "--mcp"])
    assert result.exit_code == 2
    assert 'pip install "finqa-gym[mcp]"' in result.output


@pytest.mark.skipif(find_spec("mcp_types") is not None, reason="the extra mcp is installed")
def test_the_module_names_the_extra() -> None:
    # In another process: whoever collected doctests has tried to import it here.
    done = subprocess.run(
        [sys.executable, "-c", "import finqa_gym.integrations.mcp"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert 'pip install "finqa-gym[mcp]"' in done.stderr
