"""The pooled out-of-fold AUROC, and the stores of networks that are told it when a cross-validation ends."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fhr.calibration import typical_statistics
from fhr.datasets import FittedNetwork
from fhr.errors import CheckpointError
from fhr.evaluation import FolderStore, MemoryStore
from fhr.evaluation.finished import FinishedFold, finish_fold
from fhr.evaluation.ranking_fact import out_of_fold_ranking
from fhr.metrics import auroc, bootstrap
from fhr.models import read_checkpoint, with_ranking
from fhr.simulation import simulate_recording

GOLDEN = Path(__file__).parents[1] / "models" / "golden" / "format4.ckpt"


@pytest.fixture
def predictions() -> pd.DataFrame:
    generator, n = np.random.default_rng(0), 60
    labels = np.arange(n) % 4 == 0
    repeats = [
        pd.DataFrame({"name": [f"r{i}" for i in range(n)], "repeat": r, "label": labels.astype(int), "score": s})
        for r, s in enumerate(generator.normal(labels, 1, (2, n)))
    ]
    return pd.concat(repeats, ignore_index=True)


def test_it_is_the_metric_of_the_pooled_folds(predictions):
    table = predictions.pivot(index="name", columns="repeat", values="score")
    labels = predictions[predictions["repeat"] == 0].set_index("name")["label"].loc[table.index]
    found = out_of_fold_ranking(predictions)
    assert [found[key] for key in ("value", "low", "high")] == list(bootstrap(auroc, labels, table.to_numpy().T))
    assert (found["of"], found["n"]) == ("out_of_fold_auroc", 60)
    assert out_of_fold_ranking(predictions.assign(label=0)) is None


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_a_store_tells_its_networks_once(kind, predictions, tmp_path):
    store = MemoryStore() if kind == "memory" else FolderStore(tmp_path / "study")
    store.done({"target": "x"})
    store.tell_ranking(lambda: pytest.fail("there are no networks"))
    content, raw = GOLDEN.read_bytes(), predictions.assign(fold=0, inner=0, member=0, use="test")
    store.keep(FinishedFold(0, 0, raw, {}, {"a.ckpt": content, "b.ckpt": content}))
    for _ in range(2):
        store.tell_ranking(lambda: out_of_fold_ranking(predictions))
    if kind == "memory":
        paths = [tmp_path / name for name in store.folds[0, 0].networks]
        for path in paths:
            path.write_bytes(store.folds[0, 0].networks[path.name])
    else:
        paths = store.networks()
    assert len(paths) == 2
    before, _ = read_checkpoint(GOLDEN)
    for path in paths:
        card, _ = read_checkpoint(path)
        assert card.ranking == out_of_fold_ranking(predictions)
        assert (card.calibrator, card.confidence, card.format) == (before.calibrator, before.confidence, 6)
        assert not with_ranking(path, card.ranking)  # no news


def test_networks_of_another_run_lose_its_ranking(tmp_path):
    path = tmp_path / "a.ckpt"
    path.write_bytes(GOLDEN.read_bytes())
    assert with_ranking(path, {"of": "out_of_fold_auroc", "value": 0.7, "low": 0.6, "high": 0.8, "n": 60})
    names = [f"r{i}" for i in range(60)]
    labels = pd.Series(np.arange(60) % 4 == 0, names).astype(float)
    raw = pd.DataFrame({"name": names, "repeat": 0, "fold": 0, "inner": 0, "member": 0, "use": "held_out"})
    raw = raw.assign(score=np.random.default_rng(0).normal(labels, 1))
    raw = pd.concat([raw.iloc[:50], raw.iloc[50:].assign(use="test")])
    network = FittedNetwork(path.read_bytes())
    columns = typical_statistics([simulate_recording(0, seed=1)]).columns
    statistics = pd.DataFrame(np.random.default_rng(1).normal(size=(60, len(columns))), names, columns)
    fold = finish_fold(raw, raw, labels, target="ph<7.25", networks=[network], statistics=statistics)
    path.write_bytes(next(iter(fold.networks.values())))
    assert (read_checkpoint(path)[0].target, read_checkpoint(path)[0].ranking) == ("ph<7.25", None)


def test_a_ranking_that_no_fit_makes_is_refused(tmp_path):
    path = tmp_path / "a.ckpt"
    path.write_bytes(GOLDEN.read_bytes())
    for wrong in ({"of": "luck", "value": 0.5, "low": 0.4, "high": 0.6, "n": 3}, {"of": "out_of_fold_auroc"}):
        with_ranking(path, wrong)
        with pytest.raises(CheckpointError, match="ranking is of the type dict"):
            read_checkpoint(path)
        path.write_bytes(GOLDEN.read_bytes())
