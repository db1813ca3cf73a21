from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import fhr
from fhr.errors import CheckpointError
from fhr.features import FeatureSet
from fhr.models import CheckpointCard, KernelLine
from fhr.models.kernel_bundle import BundledLine, pack_bundle, read_bundle
from fhr.preprocessing import Pipeline

FEATURES = FeatureSet(groups=("signal_loss", "wide_quantiles"), fs=1.0, minutes=20.0)
LABELS = ("ph<7.05", "ph<=7.15", "ph<7.20")
N, FOLDS = 90, 3
NAMES = [f"r{i:02d}" for i in range(N)]
DIGESTS = {name: f"{i:064x}" for i, name in enumerate(NAMES)}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    x = np.random.default_rng(0).normal(size=(N, len(FEATURES.names))).astype(np.float32)
    return pd.DataFrame(x.astype(np.float64), NAMES, list(FEATURES.names))


@pytest.fixture(scope="module")
def members(table) -> dict[str, list[BundledLine]]:
    ph = 7.2 + 0.1 * np.tanh(table.iloc[:, 0] * table.iloc[:, 4]) + 0.02 * table.iloc[:, 2]
    outcomes = pd.DataFrame({"ph": ph, "bdecf": np.nan})
    found: dict[str, list[BundledLine]] = {label: [] for label in LABELS}
    for label in LABELS:
        for fold in range(FOLDS):
            names = [name for i, name in enumerate(NAMES) if i % FOLDS != fold]
            line = KernelLine(label, FEATURES.column_groups).fit(table.loc[names].to_numpy(), outcomes.loc[names])
            card = CheckpointCard(
                network=line.specification,
                pipeline=Pipeline(minutes=20.0).to_dict(),
                target=label,
                prevalence=0.1,
                learnt_from=tuple(DIGESTS[name] for name in names),
                data="d",
                splits="s",
                fold=(0, fold, 0),
                epochs=1,
                calibrator=None,
                version=fhr.__version__,
                features={"set": FEATURES.to_dict(), "checksum": FEATURES.checksum},
            )
            found[label].append(BundledLine(card, line, tuple(names)))
    return found


@pytest.fixture
def path(members, table, tmp_path):
    path = tmp_path / "bundle.npz"
    path.write_bytes(pack_bundle(members, table, DIGESTS, {"version": "1"}))
    return path


def test_what_is_read_is_what_was_packed(members, table, path):
    bundle = read_bundle(path)
    assert bundle.labels == LABELS
    assert bundle.digests == DIGESTS
    assert bundle.about == {"version": "1"}
    for label, lines in members.items():
        for given, found in zip(lines, bundle.lines(label), strict=True):
            assert found.card.to_dict() == given.card.to_dict()
            assert found.names == given.names
            np.testing.assert_array_equal(found.model.records, given.model.records)
            np.testing.assert_array_equal(found.model.scores(table.to_numpy()), given.model.scores(table.to_numpy()))


def test_lines_of_one_outer_fold(path):
    (line,) = read_bundle(path).lines("ph<7.20", 1)
    assert line.card.fold == (0, 1, 0)
    assert line.names == tuple(name for i, name in enumerate(NAMES) if i % FOLDS != 1)


def test_each_record_belongs_to_the_fold_whose_models_have_not_seen_it(path):
    folds = read_bundle(path).folds
    assert folds == {digest: i % FOLDS for i, digest in enumerate(DIGESTS.values())}


def test_equal_parts_are_kept_once_and_the_same_lines_give_the_same_bytes(members, table, path):
    one = pack_bundle({"ph<=7.15": members["ph<=7.15"]}, table, DIGESTS, {})
    both = pack_bundle({label: members[label] for label in ("ph<=7.15", "ph<7.20")}, table, DIGESTS, {})
    assert len(both) < 1.1 * len(one)  # they learn one target
    assert pack_bundle(members, table, DIGESTS, {"version": "1"}) == path.read_bytes()


def test_lines_of_another_table_are_refused(members, table):
    with pytest.raises(CheckpointError, match="was fitted to another table"):
        pack_bundle(members, table + 1.0 * np.arange(N)[:, None] ** 2 % 7, DIGESTS, {})
    line = members["ph<7.05"][0]
    strange = replace(line, card=replace(line.card, features={"set": FeatureSet().to_dict(), "checksum": ""}))
    with pytest.raises(CheckpointError, match="has no column c1"):
        pack_bundle({"ph<7.05": [strange]}, table, DIGESTS, {})


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"",
        lambda raw: raw[:200] + bytes([raw[200] ^ 1]) + raw[201:],
        lambda raw: raw.replace(b"about", b"adout"),
    ],
)
def test_damage_is_found(path, damage):
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError, match="install it anew"):
        read_bundle(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CheckpointError, match="no bundle of this package"):
        read_bundle(tmp_path / "none.npz")
