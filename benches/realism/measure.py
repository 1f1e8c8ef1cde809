"""Distributions of generated tables beside those of real ones, with the ranges they must be in.

    python benches/realism/measure.py [--companies 300] [--seed 0]

Exit code 1 if a figure is out of its range.
"""

from __future__ import annotations

import argparse
import sys

from tables import AS_FILED, by_filing, generated, real

from finqa_gym.corpus_stats import MEASURED, table_stats


def main() -> None:
    """Prints a line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sets = {
        "default": table_stats(by_filing(generated(options.companies, seed=options.seed))),
        "as filed": table_stats(
            by_filing(generated(options.companies, AS_FILED, seed=options.seed))
        ),
    }
    sets |= {name: table_stats(by_filing(filed)) for name, filed in real().items()}
    print(f"{'':42}" + "".join(f"{name:>10}" for name in sets) + f"{'range':>16}")
    print(f"{'tables':42}" + "".join(f"{s.num_tables:10}" for s in sets.values()))
    outside = 0
    for figure in sets["default"].values:
        line = f"{figure:42}" + "".join(f"{s.values[figure]:10.1f}" for s in sets.values())
        if figure in MEASURED:
            wanted = MEASURED[figure]
            line += f"{f'{wanted.low:g} to {wanted.high:g}':>16}"
            seen = sets["as filed"].values[figure]
            if not wanted.low <= seen <= wanted.high:
                outside += 1
                line += "  OUTSIDE"
        print(line)
    for name, stats in sets.items():
        patterns = ", ".join(f"{k} {v:.0f}" for k, v in stats.dollar_patterns.items())
        print(f"\n{name}: rows with $ (% of tables): {patterns}")
        words = ", ".join(f"{k} {v:.0f}" for k, v in stats.label_words.items())
        print(f"{name}: words of labels (per mille): {words}")
    print(f"\n{outside} of {len(MEASURED)} figures are outside their range")
    sys.exit(1 if outside else 0)


if __name__ == "__main__":
    main()
