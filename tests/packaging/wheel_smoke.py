"""Run by the Python of an empty environment that holds the wheel and nothing of this repository.

Standard library only, no pytest: what is tested is what a user gets from ``pip install finqa-gym``.
"""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import re
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

OPTIONAL = {
    *("asyncio", "gymnasium", "mcp", "openenv", "pandas", "pyarrow", "ray", "rllm", "skyrl_gym"),
    *("torch", "transformers", "trl", "verifiers", "verl"),
}
"""Modules that importing finqa_gym alone must not load, whether they are installed or not."""
NEEDED = {"numpy", "rich", "typer"}
# From .cargo/config.toml; without them SQLite serialises the threads or can open files.
SQLITE_OPTIONS = {
    "DEFAULT_MEMSTATUS=0",
    "ENABLE_MATH_FUNCTIONS",
    "MAX_ATTACHED=0",
    "OMIT_LOAD_EXTENSION",
    "OMIT_SHARED_CACHE",
    "TEMP_STORE=3",
    "THREADSAFE=2",
}
SQLITE_OPTIONS_OFF = {"ENABLE_API_ARMOR", "ENABLE_LOAD_EXTENSION", "ENABLE_MEMORY_MANAGEMENT"}


def require(fact: bool, complaint: str) -> None:
    if not fact:
        sys.exit(f"wheel smoke test: {complaint}")


def main() -> None:
    if "--network-is-off" in sys.argv:
        try:
            socket.create_connection(("192.0.2.1", 80), timeout=1).close()  # TEST-NET-1
        except OSError:
            pass
        else:
            sys.exit("wheel smoke test: the network was to be off, but a connection opened")

    import finqa_gym

    where = Path(finqa_gym.__file__)
    require(where.is_relative_to(sys.prefix), f"imported {where}, not the wheel under {sys.prefix}")
    version = importlib.metadata.version("finqa-gym")
    require(
        finqa_gym.__version__ == version,
        f"finqa_gym.__version__ is {finqa_gym.__version__}, the wheel's metadata say {version}",
    )
    require(
        importlib.resources.files("finqa_gym").joinpath("py.typed").is_file(),
        "py.typed is not in the wheel, so type checkers ignore its types",
    )
    loaded = OPTIONAL & set(sys.modules)
    require(not loaded, f"importing finqa_gym loaded {sorted(loaded)}, which are optional")

    declared = importlib.metadata.requires("finqa-gym") or []
    needed = {re.split(r"[^\w-]", each)[0] for each in declared if "extra ==" not in each}
    require(needed == NEEDED, f"finqa-gym needs {sorted(needed)}; {sorted(NEEDED)} were agreed on")
    names = {each.metadata["Name"].lower() for each in importlib.metadata.distributions()}
    surplus = OPTIONAL & {name.replace("-", "_") for name in names}
    require(not surplus, f"installing finqa-gym brought {sorted(surplus)}, which are optional")

    build = finqa_gym.build_info()
    require(
        not build["sqlite_warnings"], f"the build warns of its SQLite: {build['sqlite_warnings']}"
    )
    wanted = sys.argv[sys.argv.index("--features") + 1 :] if "--features" in sys.argv else []
    absent = set(wanted) - set(build["features"])
    require(
        not absent, f"this build has features {build['features']}, so {sorted(absent)} is missing"
    )
    try:
        finqa_gym.query("SELECT 1", [])
    except finqa_gym.FeatureNotBuiltError as error:
        without = "datafusion" not in build["features"]
        require(without, f"query says it is not built, build_info that it is: {error}")
        require("make build FEATURES=datafusion" in str(error), f"no way out is named: {error}")
    else:
        require("datafusion" in build["features"], "query works in a build that says it has none")

    options = set(build["sqlite_options"])
    missing, surplus = SQLITE_OPTIONS - options, SQLITE_OPTIONS_OFF & options
    require(
        not missing and not surplus,
        f"the flags of .cargo/config.toml did not reach SQLite: missing {sorted(missing)},"
        f" should be off {sorted(surplus)}",
    )

    script = Path(sysconfig.get_path("scripts")) / "finqa-gym"
    told = subprocess.run([script, "--help"], capture_output=True, text=True, check=False)
    require(
        told.returncode == 0 and "Usage" in told.stdout,
        f"`finqa-gym --help` ended with {told.returncode}: {told.stderr or told.stdout}",
    )
    print(f"wheel smoke test: finqa-gym {version} on Python {sys.version.split()[0]} works")


if __name__ == "__main__":
    main()
