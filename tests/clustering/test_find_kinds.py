"""`find_kinds`: numbers and memberships over repetitions, embeddings that learn, what is kept, and bad input."""

from pathlib import Path

import numpy as np
import pytest

from fhr.clustering import PairLabels, Points, find_kinds
from fhr.errors import FHRError
from fhr.metrics import ece_reference, expected_calibration_error

FEW = {"repetitions": 5, "n_references": 19, "alpha": 0.1, "most": 3, "references": ["gaussian"]}


def two(apart: float, n: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    return apart * truth[:, None] * [1, 0, 0] + rng.normal(size=(n, 3)), truth


@pytest.mark.statistics
def test_two_kinds_are_found_with_memberships_and_pairs() -> None:
    values, truth = two(6.0)
    found = find_kinds(values, **FEW)
    assert found.number == 2
    assert found.p_of_number.loc[2, "share"] == 1
    assert (found.p[1], found.p[2]) == (found.tests[0].p, found.tests[1].p)
    np.testing.assert_allclose(found.membership.sum(axis=1), 1, rtol=1e-6)
    agree = (found.labels == truth).mean()
    assert max(agree, 1 - agree) > 0.98
    alike = found.together([0], np.flatnonzero(truth == truth[0])[1:2])
    apart = found.together([0], np.flatnonzero(truth != truth[0])[:1])
    assert alike.value[0] > 0.9
    assert apart.value[0] < 0.1
    assert alike.low[0] <= alike.value[0] <= alike.high[0]
    np.testing.assert_allclose(found.pairs(np.arange(9))[0, 4], found.together([0], [4]).value[0], rtol=1e-5)
    low, high = found.interval
    assert (low <= found.membership + 1e-6).all()
    assert (found.membership <= high + 1e-6).all()


def test_one_kind_is_an_answer_with_all_in_it_together() -> None:
    found = find_kinds(np.random.default_rng(1).normal(size=(100, 3)), **FEW)
    assert found.number == 1
    assert (found.membership == 1).all()
    assert found.together([1], [2]).value[0] > 0.5


def test_a_number_that_is_asked_for_is_described_whatever_the_tests_say() -> None:
    found = find_kinds(np.random.default_rng(1).normal(size=(100, 3)), kinds=2, **FEW)
    assert found.membership.shape == (100, 2)
    assert found.p[1] > 0.1


@pytest.mark.statistics
def test_memberships_of_overlapping_kinds_hold() -> None:
    stated, right = [], []
    for seed in range(3):
        values, truth = two(3.0, n=200, seed=seed)
        membership = find_kinds(values, kinds=2, **FEW | {"repetitions": 3, "most": 2}).membership[:, 1]
        right.append(truth if np.corrcoef(membership, truth)[0, 1] > 0 else 1 - truth)
        stated.append(membership)
    p, y = np.concatenate(stated), np.concatenate(right).astype(float)
    assert expected_calibration_error(y, p) < 2 * ece_reference(p, n_simulations=100).p95
    assert ((p > 0.1) & (p < 0.9)).mean() > 0.05  # it is not sure of all


@pytest.mark.statistics
def test_an_outlier_belongs_nowhere() -> None:
    values, _ = two(6.0)
    values[7] = [3, 40, 0]
    found = find_kinds(values, kinds=2, **FEW)
    assert found.labels[7] == -1
    assert (found.labels == -1).sum() <= 3


@pytest.mark.statistics
def test_windows_of_one_labour_count_once() -> None:
    # 30 labours of one kind, 20 windows each that are nearly alike: 600 points lie in 30 heaps.
    rng = np.random.default_rng(0)
    values = np.repeat(rng.normal(size=(30, 2)), 20, axis=0) + 0.01 * rng.normal(size=(600, 2))
    names = np.repeat([f"labour {i}" for i in range(30)], 20)
    assert find_kinds(values, names=names, **FEW).number == 1
    assert find_kinds(values, **FEW).number > 1


def test_what_is_learnt_is_learnt_from_drawn_labours_and_judged_on_others() -> None:
    values, truth = two(8.0, n=150)
    names = np.array([f"{i:03}" for i in range(150)])
    asked = []

    def learn(drawn: np.ndarray, seed: int) -> np.ndarray:
        asked.append((set(drawn), seed))
        leaky = np.where(np.isin(names, drawn), 1_000.0, 0.0)  # what it learnt from lies elsewhere
        return values + leaky[:, None]

    found = find_kinds(values, names=names, retrain=learn, **FEW)
    assert found.number == 2
    assert found.tests[0].p <= 0.1
    assert len({seed for _, seed in asked}) == 5
    for (drawn, _), memberships in zip(asked, found.found, strict=True):
        assert np.isnan(memberships[np.isin(names, list(drawn))]).all()
    agree = (found.membership.argmax(axis=1) == truth)[np.isfinite(found.membership).all(axis=1)].mean()
    assert max(agree, 1 - agree) > 0.97


def test_repetitions_that_were_kept_are_taken_and_give_the_same(tmp_path: Path) -> None:
    values, _ = two(4.0)
    whole = find_kinds(values, **FEW)
    kept = tmp_path / "kept"
    find_kinds(values, kept=kept, **FEW | {"repetitions": 3})
    (kept / "1.npz").write_bytes(b"cut off")
    written = (kept / "2.npz").stat().st_mtime_ns
    again = find_kinds(values, kept=kept, **FEW)
    assert (kept / "2.npz").stat().st_mtime_ns == written
    np.testing.assert_array_equal(again.memberships, whole.memberships)
    np.testing.assert_array_equal(again.numbers, whole.numbers)
    np.testing.assert_array_equal(find_kinds(values, kept=kept, **FEW).memberships, whole.memberships)
    with pytest.raises(FHRError, match="other labours or settings"):
        find_kinds(values + 1e-3 * np.arange(120)[:, None], kept=kept, **FEW)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(FHRError, match="not empty"):
        find_kinds(values, kept=tmp_path / "mine", **FEW)


def test_no_matrix_of_all_pairs_is_made_of_too_many_rows() -> None:
    values, _ = two(6.0, n=60)
    names = np.repeat([f"{i}" for i in range(60)], 90)
    found = find_kinds(np.repeat(values, 90, axis=0), names=names, **FEW | {"repetitions": 2})
    with pytest.raises(FHRError, match="5400 rows"):
        found.pairs()
    assert found.pairs([0, 1, 5_399]).shape == (3, 3)
    with pytest.raises(FHRError, match="there are 0 to 5399"):
        found.together([0], [5_400])


@pytest.mark.parametrize(
    ("values", "given", "said"),
    [
        (np.ones((40, 3)), {}, "all 40 vectors are the same"),
        (np.full((40, 3), np.nan), {}, "0 labours with a vector"),
        (np.eye(19), {}, "19 labours"),
        (np.where(np.eye(40) > 0, np.inf, 0), {}, "40 of 40 vectors hold infinite values"),
        (np.arange(40.0), {}, "shape"),
        ([["a", "b"]] * 40, {}, "no table of numbers"),
        (np.random.default_rng(0).normal(size=(40, 3)), {"kinds": 9}, "kinds=9 for 40 labours"),
        (np.random.default_rng(0).normal(size=(40, 3)), {"most": 0}, "most"),
        (np.random.default_rng(0).normal(size=(40, 3)), {"method": "dbscan"}, "choose from agglomerative"),
        (np.random.default_rng(0).normal(size=(40, 3)), {"names": ["a"]}, "one name a vector"),
        (np.random.default_rng(0).normal(size=(40, 3)), {"repetitions": 0}, "repetitions"),
    ],
)
def test_bad_input_is_refused(values: object, given: dict, said: str) -> None:
    with pytest.raises(FHRError, match=said):
        find_kinds(values, **{"repetitions": 1, "most": 2} | given)


@pytest.mark.statistics
def test_one_coordinate_is_enough_and_what_is_missing_is_told() -> None:
    values, _ = two(8.0)
    one = values[:, :1].copy()
    assert find_kinds(one, **FEW).number == 2
    values[3] = np.nan
    values[4, 1] = np.nan
    points = Points.of(np.c_[values, np.where(np.isnan(values[:, :1]), np.nan, 1)])
    assert len(points) == 119
    assert points.left_out == {"row 3": "no coordinate of it is known"}
    assert "1 of 119 rows lack some coordinates" in points.said[0]
    assert "1 of 4 coordinates never vary" in points.said[1]
    assert find_kinds(points, **FEW).number == 2


@pytest.mark.statistics
def test_pairs_move_memberships_and_what_is_found_without_them_stands_beside() -> None:
    values, truth = two(3.0)
    values[[5, 6]] = 1.5 * np.array([1, 0, 0])  # between both
    names = np.array([f"{i}" for i in range(120)])
    sure = np.flatnonzero(truth == 1)[:2]
    pairs = PairLabels(["5", "6", "0", "0"], [*names[sure], "1", "elsewhere"], [1, -1, 0, 1], [3, 3, 1, 1])
    found = find_kinds(values, names=names, pairs=pairs, kinds=2, **FEW)
    assert found.without is not None
    kind = found.membership[sure].mean(axis=0).argmax()
    assert found.membership[5, kind] > 0.85
    assert found.membership[6, kind] < 0.15
    assert 0.15 < found.without.membership[5].min() < 0.85
    said = " ".join(found.facts["said"])
    assert "1 of 4 pairs are unsure" in said
    assert "elsewhere" in said
    assert not found.without.facts["said"]


def test_small_kinds_of_any_shape_keep_their_members_and_noise_belongs_nowhere() -> None:
    rng = np.random.default_rng(0)
    centres = np.repeat([[0, 0], [30, 0], [0, 30]], [60, 10, 60], axis=0)
    values = np.r_[centres + rng.normal(size=(130, 2)), rng.uniform(-200, 200, size=(8, 2))]
    found = find_kinds(values, method="hdbscan", **FEW | {"most": 8})
    assert found.number == 3
    small = found.labels[60:70]
    assert len(set(small)) == 1
    assert small[0] not in found.labels[:60]
    assert (found.labels[130:] == -1).mean() > 0.5
    with pytest.raises(FHRError, match="finds the number itself"):
        find_kinds(values, method="hdbscan", kinds=2, **FEW)


def test_small_kinds_of_learnt_embeddings_are_told_apart_over_repetitions() -> None:
    rng = np.random.default_rng(0)
    values = np.repeat([[0, 0], [20, 0], [0, 20]], [80, 20, 20], axis=0) + rng.normal(size=(120, 2))
    found = find_kinds(values, retrain=lambda names, seed: values, kinds=3, **FEW)
    sure = found.membership.max(axis=1)
    assert np.nanmin(sure) > 0.99
    assert "what belongs to no kind is not told" in " ".join(found.facts["said"])
    assert (found.labels[np.isnan(found.membership).any(axis=1)] == -1).all()


def test_too_few_labours_for_an_embedding_that_learns_are_refused_before_the_work() -> None:
    values, _ = two(6.0, n=50)
    with pytest.raises(FHRError, match="50 labours leave only"):
        find_kinds(values, retrain=lambda names, seed: pytest.fail("it learnt"), **FEW)


def test_repetitions_of_another_function_are_not_taken(tmp_path: Path) -> None:
    values, _ = two(6.0, n=110)

    def learning(scale: float):
        return lambda names, seed: scale * values

    kept = FEW | {"kept": tmp_path / "kept", "repetitions": 2}
    find_kinds(values, retrain=learning(1.0), **kept)
    with pytest.raises(FHRError, match="other labours or settings"):
        find_kinds(values, retrain=learning(2.0), **kept)


def test_what_was_not_looked_for_is_said() -> None:
    found = find_kinds(two(8.0)[0], **FEW | {"most": 1})
    assert found.words.startswith("one kind or more: one is not enough")
