"""Can a simple classifier tell generated tables from real ones?

Logistic regression on character 1- to 3-grams of labels and cells with every digit written as 0,
headers left out, folds by filing. AUC 0.5 is a coin, 1.0 is certainty. The yardstick is how well
the same classifier tells one real set from the other.

    python benches/realism/tell_apart.py [--companies 600] [--features 25] [--json FILE]

Needs numpy and scikit-learn, which the package does not.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from tables import AS_FILED, Filed, generated, real, sample

FOLDS = 5
AIM = 0.85
SAMPLES = 4
PARTS = ("all", "labels", "cells", "lower case")


def text(table: dict[str, Any], part: str) -> str:
    """Labels and cells of a table as one text; a bar between cells, a line a row."""
    rows = [["" if c is None else str(c) for c in row] for row in table["rows"]]
    if part == "labels":
        rows = [row[:1] for row in rows]
    elif part == "cells":
        rows = [row[1:] for row in rows]
    whole = "\n".join("|".join(row) for row in rows)
    masked = re.sub(r"\d", "0", whole)
    return masked.lower() if part == "lower case" else masked


def model() -> Any:
    """The classifier, untrained."""
    return make_pipeline(
        TfidfVectorizer(
            analyzer="char", ngram_range=(1, 3), lowercase=False, sublinear_tf=True, min_df=2
        ),
        LogisticRegression(C=1.0, max_iter=2000),
    )


def auc(ours: list[Filed], theirs: list[Filed], part: str) -> float:
    """Mean area under the curve over folds in which no filing is on both sides."""
    texts = np.array([text(t, part) for _, t in ours + theirs], dtype=object)
    is_real = np.array([0] * len(ours) + [1] * len(theirs))
    filings = np.array([f"ours {f}" for f, _ in ours] + [f"theirs {f}" for f, _ in theirs])
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    scores = []
    for train, test in folds.split(texts, is_real, filings):
        trained = model().fit(texts[train], is_real[train])
        scores.append(roc_auc_score(is_real[test], trained.predict_proba(texts[test])[:, 1]))
    return float(np.mean(scores))


def top_features(
    ours: list[Filed], theirs: list[Filed], part: str, count: int
) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """What speaks for a generated and for a real table: weight times spread of each n-gram."""
    texts = [text(t, part) for _, t in ours + theirs]
    trained = model().fit(texts, [0] * len(ours) + [1] * len(theirs))
    vectorizer, regression = trained[0], trained[1]
    spread = np.asarray(vectorizer.transform(texts).todense()).std(axis=0)
    force = regression.coef_[0] * spread
    names = vectorizer.get_feature_names_out()
    order = np.argsort(force)
    ranked = [(str(names[i]), round(float(force[i]) * 1000, 1)) for i in order]
    return ranked[:count], ranked[::-1][:count]


def main() -> None:
    """Prints AUCs and features."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=600, help="companies generated")
    parser.add_argument("--features", type=int, default=25, help="n-grams shown a side")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    sets = real()
    styles = {
        "as filed": generated(options.companies, AS_FILED, seed=options.seed),
        "default": generated(options.companies, seed=options.seed),
    }
    report: dict[str, Any] = {"aim": AIM, "auc": {}, "features": {}}
    for style, ours in styles.items():
        for name, theirs in sets.items():
            # One sample moves by a few hundredths; several say where the middle is.
            samples = [sample(ours, len(theirs), seed=n) for n in range(SAMPLES)]
            scores = {
                part: round(float(np.mean([auc(one, theirs, part) for one in samples])), 3)
                for part in PARTS
            }
            report["auc"][f"{style} / {name}"] = scores
            shown = ", ".join(f"{part} {score:.3f}" for part, score in scores.items())
            print(f"{style:9} against {name:7} ({SAMPLES} x {len(theirs)} tables): {shown}")
    if len(sets) == 2:
        one, other = sets.values()
        least = min(len(one), len(other))
        pair = (sample(one, least), sample(other, least))
        scores = {part: round(auc(*pair, part), 3) for part in PARTS}
        report["auc"]["TAT-QA / FinQA"] = scores
        shown = ", ".join(f"{part} {score:.3f}" for part, score in scores.items())
        print(f"yardstick: TAT-QA against FinQA ({least} tables each): {shown}")
    for name, theirs in sets.items():
        for part in ("labels", "cells"):
            chosen = sample(styles["as filed"], len(theirs))
            ours_like, real_like = top_features(chosen, theirs, part, options.features)
            report["features"][f"{name} / {part}"] = {"generated": ours_like, "real": real_like}
            print(f"\n{part} against {name}: what speaks for generated, then for real")
            for side in (ours_like, real_like):
                print("  ", "  ".join(f"{feature!r} {force:g}" for feature, force in side))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
