"""A metric that is learnt: against a subspace that is known, against chance, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.similarity import EMBEDDINGS, Euclidean, FittedMetric, LabourWindows, LearnedMetric, WindowPair

N, SHOWN, NUISANCE = 120, 4, 8
QUICK = LearnedMetric(n_outputs=12, epochs=40, learning_rate=0.03)
TURN = np.linalg.qr(np.random.default_rng(9).normal(size=(SHOWN + NUISANCE,) * 2))[0]


def labours(seed: int, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """Two windows of each labour (2n, d), turned: a few axes are the labour's own, most and larger ones are not."""
    rng = np.random.default_rng(seed)
    own = np.repeat(rng.normal(size=(n, SHOWN)), 2, axis=0) + 0.1 * rng.normal(size=(2 * n, SHOWN))
    return np.hstack([own, 2 * rng.normal(size=(2 * n, NUISANCE))]) @ TURN, np.repeat(np.arange(n), 2).astype(str)


def recall(points: np.ndarray) -> float:
    """Share of windows whose nearest other window is that of the same labour."""
    away = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(away, np.inf)
    return float((away.argmin(axis=1) == np.arange(len(points)) + 1 - 2 * (np.arange(len(points)) % 2)).mean())


def test_it_forgets_what_differs_within_labours_of_others_too():
    vectors, names = labours(0)
    metric = QUICK.fit(vectors, names)
    new, _ = labours(1)
    assert recall(metric.scores(new)) < 0.15
    assert recall(metric(new)) > 0.5
    permuted = QUICK.fit(vectors, np.random.default_rng(2).permutation(names))
    assert recall(permuted(new)) < 0.15


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    vectors, names = labours(0)
    wanted = QUICK.fit(vectors, names)
    np.testing.assert_array_equal(QUICK.fit(vectors, names).projection, wanted.projection)
    assert not np.array_equal(replace(QUICK, seed=1).fit(vectors, names).projection, wanted.projection)


def test_points_lie_on_a_sphere_and_what_is_missing_takes_the_median():
    vectors, names = labours(0, 8)
    vectors[3, 2] = np.nan
    metric = replace(QUICK, epochs=2).fit(vectors, names)
    assert metric.fitted_to == tuple(sorted(set(names)))
    points = metric(vectors)
    np.testing.assert_allclose(np.square(points).mean(axis=1), 1, atol=1e-5)
    filled = np.where(np.isnan(vectors), metric.scores.median, vectors)
    np.testing.assert_allclose(points, metric(filled), atol=1e-6)
    assert np.isnan(metric(np.full((1, vectors.shape[1]), np.nan))).all()
    same = replace(QUICK, epochs=2).fit(np.ones((4, 3)), list("aabb"))
    np.testing.assert_array_equal(same(np.ones((2, 3))), 0)  # no direction


def test_the_ph_of_other_labours_is_told_by_their_distance():
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(400, 25))
    ph = 7.2 + 0.1 * vectors[:, 4] + 0.01 * rng.normal(size=400)
    train, test = slice(0, 200), slice(200, 400)
    given = ph[train].copy()
    given[::5] = np.nan
    metric = QUICK.fit(vectors[train], np.arange(200), given)

    def correlation(points: np.ndarray) -> float:
        away = np.linalg.norm(points[test][:, None] - points[train], axis=2)
        return float(np.corrcoef(ph[train][np.argsort(away)[:, :5]].mean(axis=1), ph[test])[0, 1])

    assert correlation(metric.scores(vectors)) < 0.75
    assert correlation(metric(vectors)) > 0.85


def test_a_ph_that_nobody_knows_or_all_share_costs_nothing():
    vectors, names = labours(0, 8)
    wanted = replace(QUICK, epochs=3).fit(vectors, names)
    for ph in (np.full(16, np.nan), np.full(16, 7.2)):
        np.testing.assert_array_equal(replace(QUICK, epochs=3).fit(vectors, names, ph).projection, wanted.projection)


def test_pairs_of_a_reader_count_by_their_answer_and_weight():
    vectors, names = labours(4, 10)
    starts = np.tile([0.0, 1200.0], 10)

    def cosine(*pairs: WindowPair) -> float:
        points = replace(QUICK, weight_pairs=5.0).fit(vectors, names, pairs=pairs, starts=starts)(vectors)
        return float(points[0] @ points[5]) / points.shape[1]  # labour 0 at 0 s, labour 2 at 1200 s

    pair = WindowPair("0", 0.2, "2", 1200.0, "unsure")
    apart = ("4", 0, "5", 0, "other")
    same, unsure, other = (cosine(pair._replace(answer=answer)) for answer in ("same", "unsure", "other"))
    assert other < 0 < 0.5 < same
    assert other < unsure < same
    heavy, light = (cosine(pair._replace(answer="same", weight=weight), WindowPair(*apart)) for weight in (9.0, 0.1))
    assert heavy > light
    alone = QUICK.fit(
        vectors[::2], names[::2], pairs=[pair._replace(answer="same", other_start=0.0)], starts=starts[::2]
    )
    points = alone(vectors[::2])
    assert points[0] @ points[2] / points.shape[1] > 0.5


def test_arrays_give_it_back_and_damaged_ones_are_refused():
    vectors, names = labours(0, 8)
    metric = replace(QUICK, epochs=2).fit(vectors, names)
    arrays = metric.to_dict()
    again = FittedMetric.from_dict(arrays)
    assert again.fitted_to == metric.fitted_to
    np.testing.assert_array_equal(again(vectors), metric(vectors))
    with pytest.raises(FHRError, match="without projection"):
        FittedMetric.from_dict({name: array for name, array in arrays.items() if name != "projection"})
    for wrong in (arrays["projection"][1:], arrays["projection"] * np.nan, arrays["projection"].astype(object)):
        with pytest.raises(FHRError, match="give what `to_dict` gave"):
            FittedMetric.from_dict({**arrays, "projection": wrong})


def test_an_embedding_is_brought_to_it():
    rng = np.random.default_rng(0)
    signal = (140 + 10 * rng.normal(size=(6, 2, 1200))).astype(np.float32)
    names = np.repeat(["a", "b", "c"], 2)
    windows = LabourWindows(signal, ("fhr", "uc"), 4.0, names, np.zeros(6), np.full(6, 300.0))
    raw = EMBEDDINGS["raw"](5.0)
    metric = LearnedMetric(n_outputs=3, epochs=2).fit(raw(windows), names)
    embedding = metric.of(raw)
    assert (embedding.name, embedding.unit) == ("raw_learned", "radius")
    assert embedding.identity != replace(metric, projection=2 * metric.projection).of(raw).identity
    points = embedding(windows)
    np.testing.assert_array_equal(points, metric(raw(windows)))
    distance = Euclidean.fit(points, embedding)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    chords = np.linalg.norm(unit[:, None] - unit, axis=2)
    np.testing.assert_allclose(distance.between(distance.scale(points), distance.scale(points)), chords, atol=1e-5)


PAIR = WindowPair("0", 0, "1", 0, "same")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"labours": ["0"] * 8}, "are of labour 0"),
        ({"labours": list("01234567")}, "nothing says which are alike"),
        ({"labours": list("01234567"), "ph": [7.1, *[np.nan] * 7]}, "nothing says which are alike"),
        ({"labours": ["0"]}, r"labours of shape \(1,\) for 8 vectors"),
        ({"ph": [np.inf] * 8}, "ph of labour 0 is infinite"),
        ({"vectors": np.full((8, 2), np.nan)}, "8 of 8 vectors have infinite values or none"),
        ({"vectors": np.zeros(8)}, r"vectors of shape \(8,\)"),
        ({"pairs": [PAIR], "starts": None}, "no starts that tell"),
        ({"pairs": [PAIR._replace(record="x")]}, "labour 'x' is none of the 4"),
        ({"pairs": [PAIR._replace(start=700)]}, "no window of 0 starts at 700 s; the nearest starts at 1200 s"),
        ({"pairs": [PAIR._replace(start=np.nan)]}, "no window of 0 starts at nan s"),
        ({"pairs": [PAIR._replace(answer="maybe")]}, "'maybe'; choose from same, other, unsure"),
        ({"pairs": [PAIR._replace(weight=0)]}, "pair 0: weight 0"),
        ({"pairs": [PAIR._replace(other_record="0")]}, "is one window"),
        (
            {"pairs": [PAIR, WindowPair("1", 0, "2", 0, "same"), WindowPair("2", 0, "0", 0, "other")]},
            "pair 2: 2 at 0 s and 0 at 0 s are called other, and same by another pair",
        ),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(given, said):
    vectors, names = labours(0, 4)
    data = {"vectors": vectors, "labours": names, "starts": np.tile([0.0, 1200.0], 4), **given}
    with pytest.raises(FHRError, match=said):
        QUICK.fit(**data)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"temperature": 0.0}, {"weight_ph": -1.0}, {"learning_rate": np.nan}])
def test_a_setting_out_of_range_is_refused(wrong):
    with pytest.raises(FHRError, match=next(iter(wrong))):
        LearnedMetric(**wrong)
