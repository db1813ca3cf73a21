"""Pooled out-of-fold AUROC of a cross-validation, as its checkpoints keep it for whoever reads their answers."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from fhr.metrics import auroc, bootstrap

__all__ = ["out_of_fold_ranking", "ranked"]


def out_of_fold_ranking(predictions: pd.DataFrame) -> dict[str, Any] | None:
    """AUROC of out-of-fold predictions with its 95% interval over records, see `fhr.models.CheckpointCard.ranking`.

    The folds of a repeat are pooled by their standardised scores, repeats are averaged.

    Args:
        predictions: columns name, repeat, label, score; every record once a repeat.

    Returns:
        None where it is undefined: one class only, or constant scores.
    """
    from fhr.models import ranking_of  # torch, which a table does without

    scores = predictions.pivot(index="name", columns="repeat", values="score")
    labels = predictions.drop_duplicates("name").set_index("name")["label"].loc[scores.index]
    found = bootstrap(auroc, labels.to_numpy(), scores.to_numpy(dtype=float).T)
    return ranking_of(found, "out_of_fold_auroc", len(labels))


def ranked(networks: Mapping[str, bytes], ranking: Mapping[str, Any]) -> dict[str, bytes]:
    """Finished checkpoints by file name, with this ranking in each."""
    from fhr.models import with_ranking

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.ckpt"
        for name, content in networks.items():
            path.write_bytes(content)
            with_ranking(path, ranking)
            found[name] = path.read_bytes()
    return found
