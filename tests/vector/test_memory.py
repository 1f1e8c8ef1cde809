"""Memory comes back: corpora, environments and company images are counted, not leaked."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

SCRIPT = """
    import json
    from pathlib import Path

    import finqa_gym

    def resident_mib():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

    def query(company, table):
        sql = f'SELECT COUNT(*) AS n FROM "{table}"'
        arguments = {"company_name": company, "table_name": table, "query": sql}
        call = {"name": "sql_query", "arguments": arguments}
        return "<tool_call>" + json.dumps(call) + "</tool_call>"

    # Few tables: what is tested is that companies go, not how large they are.
    config = finqa_gym.SynthConfig.preset(1, tasks_per_company=1)
    sizes = []
    for seed in range(40):
        corpus = finqa_gym.synthetic(seed, config).take("train", 100)
        first = {}
        for index, task in enumerate(corpus):
            first.setdefault(task["companies"][0], index)
        env = finqa_gym.VectorEnv(corpus, 100)
        env.reset(task_ids=list(first.values()))
        batch = env.step([query(c, corpus.tables(c)[0]["name"]) for c in first])
        assert not batch.infos["num_errors"].any()
        sizes.append(resident_mib())
    print(json.dumps(sizes))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_streams_of_corpora_do_not_grow() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    sizes = json.loads(done.stdout)
    # 4,000 companies with their images and connections were opened and dropped: what the first ten
    # corpora needed is enough for the rest.
    assert max(sizes) - max(sizes[:10]) < 32, sizes
