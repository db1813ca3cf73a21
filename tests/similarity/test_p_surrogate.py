from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from fhr.compute import seed_of
from fhr.errors import FHRError, SignalError
from fhr.similarity import Embedding, Euclidean, LabourWindows, p_surrogate, surrogates_of
from fhr.synthesis import IAAFT, PhaseRandomization

QUICK = IAAFT(iterations=10)


def windows(n, seed=0, uc=True):
    """Windows of 75 s: smooth noise at 4 Hz, with a gap."""
    x = np.random.default_rng(seed).normal(size=(n, 2, 300)).cumsum(axis=2)
    x = 140 + 5 * (x - x.mean(axis=2, keepdims=True)) / x.std(axis=2, keepdims=True)
    x[:, 0, 40:60] = np.nan
    if not uc:
        x[:, 1] = np.nan
    names = np.array([f"r{i}" for i in range(n)])
    return LabourWindows(x.astype(np.float32), ("fhr", "uc"), 4.0, names, np.zeros(n), np.full(n, 75.0))


RAW = Embedding(lambda some: some.signal[:, 0, ::4], "raw", "bpm", missing=True)
SORTED = Embedding(lambda some: np.nan_to_num(np.sort(some.signal[:, 0])), "sorted", "bpm")


def database(labours, embedding):
    """The distance, fitted to labours, and how near the nearest of them is to points."""
    vectors = embedding(labours)
    distance = Euclidean.fit(vectors, embedding)
    points = distance.scale(vectors)
    return distance, lambda asked: distance.between(asked, points).min(axis=1)


def test_a_query_that_the_database_holds_is_nearer_than_its_surrogates():
    query, labours = windows(1, seed=9), windows(20)
    noise = np.random.default_rng(1).normal(size=(1, 2, 300)).astype(np.float32)
    labours = LabourWindows.joined([labours, replace(query, signal=query.signal + noise)])
    distance, nearest = database(labours, RAW)
    found = p_surrogate(query, nearest, RAW, distance, surrogate=QUICK, n=39)
    assert (found.p, found.by) == (1 / 40, "rank")
    assert found.nearest.shape == (39,)
    assert found.apart > 3
    assert found.made_by.startswith("IAAFT(")
    assert "39 null values" in found.tail.reason
    beyond = p_surrogate(query, nearest, RAW, distance, surrogate=QUICK, n=60)
    assert beyond.by == "tail"
    assert 1 / 6100 <= beyond.p < 1 / 61
    again = p_surrogate(query, nearest, RAW, distance, surrogate=QUICK, n=39)
    np.testing.assert_array_equal(again.nearest, found.nearest)
    other = p_surrogate(query, nearest, RAW, distance, surrogate=QUICK, n=39, seed=1)
    assert not np.isin(other.nearest, found.nearest).any()


@pytest.mark.statistics
def test_surrogates_as_queries_have_uniform_p_values():
    distance, nearest = database(windows(20), RAW)
    queries = surrogates_of(windows(1, seed=9), PhaseRandomization(), n=150, seed=3)
    queries = replace(queries, signal=np.where(np.isnan(queries.signal), 140, queries.signal))
    found = [
        p_surrogate(queries[[i]], nearest, RAW, distance, surrogate=PhaseRandomization(), n=19, each=0, seed=i).p
        for i in range(len(queries))
    ]
    assert kstest(found, "uniform").pvalue > 0.05


@pytest.mark.statistics
@pytest.mark.parametrize(("each", "low", "high"), [(0, 0.7, 1.0), (3, 0.47, 0.63)])
def test_surrogates_that_lose_power_with_each_generation_stand_beside_their_own(each, low, high):
    """A line through a gap is smooth: surrogates of what it fills are smoother than the window, and theirs again."""
    maker = PhaseRandomization(fill="linear")

    def rough(some):
        steps = np.nanstd(np.diff(some.signal[:, 0]), axis=1)
        return np.stack([np.log(steps), some.signal[:, 0, 0]], axis=1)

    embedding = Embedding(rough, "rough", "bpm")
    distance = Euclidean.fit(np.zeros((2, 2)), embedding)
    given = {"surrogate": maker, "n": 9, "each": each}
    found = []
    for i in range(60):
        window = windows(1, seed=i, uc=False)
        window.signal[0, 0, 60:75] = np.nan
        asking = surrogates_of(window, maker, n=1, seed=1000 + i)
        found.append(p_surrogate(asking, lambda points: np.exp(points[:, 0]), embedding, distance, seed=i, **given))
    assert low < np.mean([null.p for null in found]) < high
    assert {null.by for null in found} == {"rank"}
    assert (found[0].ratios == found[0].nearest).all() == (not each)


def test_a_ratio_is_of_a_distance_and_the_mean_of_surrogates():
    distance, nearest = database(windows(20), RAW)
    query = windows(1, seed=9)
    found = p_surrogate(query, nearest, RAW, distance, surrogate=QUICK, n=5, each=2)
    first = surrogates_of(query, QUICK, n=5)
    seeds = [seed_of(0, "surrogates beside a surrogate", i) for i in range(6)]
    for i, window in enumerate([query, *(first[[k]] for k in range(5))]):
        beside = distance.scale(RAW(surrogates_of(window, QUICK, n=2, seed=seeds[i])))
        ratio = nearest(distance.scale(RAW(window)))[0] / nearest(beside).mean()
        assert ratio == pytest.approx(found.ratio if i == 0 else found.ratios[i - 1], rel=1e-6)
    assert found.p == found.by_rank == (1 + (found.ratios <= found.ratio).sum()) / 6


def test_surrogates_keep_gaps_amplitudes_and_place():
    query = windows(1, seed=9)
    made = surrogates_of(query, QUICK, n=3, seed=5)
    assert made.names.tolist() == ["r0"] * 3
    assert made.end.tolist() == [75.0] * 3
    np.testing.assert_array_equal(np.isnan(made.signal), np.isnan(query.signal).repeat(3, axis=0))
    for signal in made.signal[:, 0]:
        assert np.nanmin(signal) == pytest.approx(np.nanmin(query.signal[0, 0]), abs=1.5)
        assert np.nanmean(np.abs(signal - query.signal[0, 0])) > 1
    assert len(np.unique(made.signal[:, 0, 0])) == 3


def test_a_query_without_uterine_activity_has_surrogates_without_it():
    made = surrogates_of(windows(1, uc=False), QUICK, n=2)
    assert np.isnan(made.signal[:, 1]).all()
    assert not np.isnan(made.signal[:, 0, 100:]).any()


def test_an_embedding_for_which_the_null_says_nothing_is_refused():
    labours, query = windows(20), windows(1, seed=9)
    declared = replace(SORTED, amplitudes_alone=True)
    distance, nearest = database(labours, declared)
    with pytest.raises(FHRError, match=r"sorted reads the amplitudes alone, and IAAFT.* keeps them"):
        p_surrogate(query, nearest, declared, distance)
    random = p_surrogate(query, nearest, declared, distance, surrogate=PhaseRandomization(), n=19)
    assert 0 < random.p <= 1
    complete = replace(query, signal=np.nan_to_num(query.signal, nan=140))
    with pytest.raises(FHRError, match=r"lie 0 from the query, beside a nearest distance of .*, whatever it holds"):
        p_surrogate(complete, nearest, SORTED, distance, surrogate=QUICK, n=9)


def test_queries_that_have_no_surrogates_are_refused():
    distance, nearest = database(windows(20), RAW)
    with pytest.raises(FHRError, match="2 windows; surrogates are made of one query at a time"):
        p_surrogate(windows(2), nearest, RAW, distance)
    flat = replace(windows(1), signal=np.full((1, 2, 300), 140, np.float32))
    with pytest.raises(SignalError, match="r0: the first channel is measured for 100% of the window, or never varies"):
        p_surrogate(flat, nearest, RAW, distance)
    with pytest.raises(SignalError, match="r0: no labour of the database can be compared with it"):
        p_surrogate(windows(1), lambda points: np.full(len(points), np.inf), RAW, distance, surrogate=QUICK, n=9)
    with pytest.raises(FHRError, match="n=0; give a whole number of at least 1"):
        p_surrogate(windows(1), nearest, RAW, distance, n=0)
    with pytest.raises(FHRError, match="each=-1; give a whole number of at least 0"):
        p_surrogate(windows(1), nearest, RAW, distance, each=-1)
