#!/usr/bin/env bash
# A model behind an OpenAI-compatible endpoint, evaluated by verifiers: rewards, checks and flags in traces.jsonl.
#   pip install finqa-gym packages/finqa-gym-verifiers
#   KEY=… examples/verifiers_eval.sh http://localhost:8000/v1 MODEL [more arguments of vf-eval]
set -euo pipefail
url=$1
model=$2
shift 2
export KEY=${KEY:-EMPTY}
# That the tasks are sound, before a model is asked.
vf-validate finqa-gym-verifiers --runtime.type subprocess --taskset.split val -n 20 --no-rich
vf-eval finqa-gym-verifiers --model "$model" --client.base-url "$url" --client.api-key-var KEY --no-push \
  --env.agent.runtime.type subprocess --env.taskset.split val -n 100 -r 1 -c 32 "$@"
