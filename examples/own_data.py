# /// script
# requires-python = ">=3.10"
# dependencies = ["finqa-gym"]
# ///
"""Your own tables and questions as a training corpus: a folder of CSV files is enough.

Run: python examples/own_data.py
"""

import tempfile
from pathlib import Path

import finqa_gym
from finqa_gym.policies import run_episodes

SALES = """region,2023,2024
north,"$ 1,200","$ 1,300"
south,900,"1,450"
returns,(60),(75)
"""
TASKS = """question,answer,unit,tables,gold_sql,gold_expression
By what percentage did sales in the north grow from 2023 to 2024?,8.33%,percent,sales,\
"SELECT ""2024"", ""2023"" FROM sales WHERE region = 'north'",({0.0.0} - {0.0.1}) / {0.0.1} * 100
How large were returns in 2024?,-75,amount,sales,\
"SELECT ""2024"" FROM sales WHERE region = 'returns'",
How large were sales in the east?,12,amount,sales,\
"SELECT ""2024"" FROM sales WHERE region = 'east'",
Which colour has the logo?,blue,text,no_such_table,,
"""

with tempfile.TemporaryDirectory() as temporary:
    root = Path(temporary) / "shop"
    (root / "acme").mkdir(parents=True)
    (root / "acme" / "sales.csv").write_text(SALES, encoding="utf-8")
    (root / "tasks.csv").write_text(TASKS, encoding="utf-8")

    corpus = finqa_gym.load(root)
    print(corpus)
    for refusal in corpus.refusals:  # nothing is left out silently
        print(f"refused: {refusal.reason}: {refusal.detail}")

    print("\nEvery gold program, run through the tools and scored:")
    checks = corpus.validate()
    for check in checks:
        print(f"  task {check.task_id}: {check.outcome} {check.submission or check.detail}")

    with finqa_gym.VectorEnv(corpus, num_envs=len(corpus), shuffle=False) as env:
        rewards, batches = run_episodes(env, finqa_gym.ScriptedPolicy("gold", env))
        print(f"\nThe same as episodes, {len(batches)} turns, rewards {rewards.tolist()}:")
        for message in env.messages(0)[1:]:
            print(f"  [{message['role']}] {message['content']}")

    saved = Path(temporary) / "saved"
    corpus.save(saved)
    again = finqa_gym.load(saved)
    print("saved and loaded again with the same hash:", again.content_hash == corpus.content_hash)
