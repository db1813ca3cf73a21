import numpy as np
import pytest
from scipy.stats import kstest

from fhr.errors import FHRError
from fhr.metrics import benjamini_hochberg
from fhr.similarity import UnrelatedLabours, p_special


def apart(x, y=None):
    return np.linalg.norm(x[:, None] - (x if y is None else y), axis=2)


def each_in_turn(distances, loss, **how):
    """P-value of each labour's nearest match when it is the query and all others are the database."""
    found = []
    for i in range(len(loss)):
        others = np.arange(len(loss)) != i
        unrelated = UnrelatedLabours.among(distances[np.ix_(others, others)], loss[others])
        to_query = distances[others, i][None]
        nearest = distances[i, others].min()
        found.append(p_special([[nearest]], loss[[i]], unrelated, to_queries=to_query, tail=False, **how).p[0, 0])
    return np.array(found)


@pytest.mark.parametrize("kind", ["smooth", "ties", "one way", "small"])
def test_exchangeable_labours_have_exact_p_values(kind):
    """Whichever of the labours is the query: at most a share a of them has p of at most a, for every a."""
    rng = np.random.default_rng(4)
    n = 3 if kind == "small" else 90
    x = rng.integers(0, 4, (n, 3)).astype(float) if kind == "ties" else rng.normal(size=(n, 3))
    loss = rng.integers(0, 5, n) / 10
    distances = apart(x) * (1 + loss) if kind == "one way" else apart(x)
    p = np.sort(each_in_turn(distances, loss))
    assert (p >= np.arange(1, n + 1) / n - 1e-12).all()
    if kind == "smooth":
        assert (p <= np.arange(3, n + 3) / n).all()  # and no more than ties of nearest pairs above it


@pytest.mark.statistics
def test_p_values_of_new_queries_are_uniform():
    rng, found = np.random.default_rng(0), []
    for _ in range(200):
        x, new = rng.normal(size=(80, 4)), rng.normal(size=(1, 4))
        unrelated = UnrelatedLabours.among(apart(x), np.zeros(80))
        away = apart(new, x)
        found.append(p_special([[away.min()]], [0.0], unrelated, to_queries=away, tail=False).p[0, 0])
    assert kstest(found, "uniform").pvalue > 0.05
    assert np.mean(np.array(found) <= 0.1) <= 0.14


@pytest.mark.statistics
def test_p_values_are_uniform_at_every_loss():
    """Distances that grow with the loss: without it known, windows with little loss would seem special."""
    rng = np.random.default_rng(1)
    loss, lost = rng.random(400) / 2, rng.random(600) / 2
    nearest, away = (rng.weibull(6, len(one)) * (1 + 3 * one) for one in (loss, lost))
    rates = {}
    for name, known in (("matched", 1), ("not", 0)):
        p = p_special(away[:, None], known * lost, UnrelatedLabours(nearest, known * loss)).p[:, 0]
        rates[name] = [(p[(low <= lost) & (lost < low + 1 / 6)] <= 0.1).mean() for low in (0, 1 / 6, 1 / 3)]
    assert max(rates["not"]) > 0.2
    assert min(rates["not"]) < 0.02
    np.testing.assert_allclose(rates["matched"], 0.1, atol=0.05)


def test_a_near_copy_is_special_and_its_second_match_is_not():
    rng = np.random.default_rng(8)
    x = rng.normal(size=(200, 8))
    queries = np.r_[x[:3] + 0.01 * rng.normal(size=(3, 8)), rng.normal(size=(5, 8))]
    away = apart(queries, x)
    two, unrelated = np.sort(away, axis=1)[:, :2], UnrelatedLabours.among(apart(x), np.zeros(200))
    p, by = p_special(two, np.zeros(8), unrelated, to_queries=away, tail=False)
    np.testing.assert_allclose(p[:3, 0], 2 / 201)  # the labour that was copied is as near to the query
    assert (by == "rank").all()
    assert (p[:, 1] > 0.05).all()
    beyond, by = p_special(two, np.zeros(8), unrelated, to_queries=away)
    assert by[:3].tolist() == [["tail", "rank"]] * 3
    assert (beyond[:3, 0] == unrelated.tail.floor).all()
    q = benjamini_hochberg(beyond[:, 0])
    assert (q <= 0.05).tolist() == [True] * 3 + [False] * 5


def test_equal_distances_count_against_a_match():
    unrelated = UnrelatedLabours(np.full(30, 2.0), np.zeros(30))
    given = np.array([[2.0, 2 - 1e-9, 1.0]])
    np.testing.assert_allclose(p_special(given, [0.0], unrelated, tail=False).p, [[1, 1, 1 / 31]])
    assert p_special([[0.0]], [0.0], UnrelatedLabours(np.zeros(5), np.zeros(5))).p == 1


def test_what_is_not_comparable_does_not_count():
    rng = np.random.default_rng(3)
    nearest, loss = rng.weibull(5, 60), rng.random(60) / 2
    some = UnrelatedLabours(np.r_[nearest, np.nan, np.inf], np.r_[loss, 0.1, 0.9])
    given, lost = np.array([[0.5, np.nan, 0.9], [np.inf, np.nan, np.nan]]), np.array([0.2, 0.0])
    found, by = p_special(given, lost, some)
    alone = p_special([[0.5, 0.9]], [0.2], UnrelatedLabours(nearest, loss))
    np.testing.assert_array_equal(found[0, [0, 2]], alone.p[0])
    assert np.isnan(found[0, 1])
    assert np.isnan(found[1]).all()
    assert by[1].tolist() == [""] * 3
    back = np.full((2, 62), np.nan)
    np.testing.assert_array_equal(p_special(given, lost, some, to_queries=back).p, found)


def test_few_labours():
    for n in (1, 2, 5):
        unrelated = UnrelatedLabours(np.arange(1.0, n + 1), np.linspace(0, 0.5, n))
        p, by = p_special([[0.5, 10.0]], [0.1], unrelated)
        np.testing.assert_allclose(p, [[1 / (n + 1), 1]])
        assert (by == "rank").all()
        assert "a tail is fitted to 40 or more" in unrelated.tail.reason


def test_the_order_of_the_labours_makes_no_difference():
    rng = np.random.default_rng(5)
    nearest, loss, back = rng.weibull(5, 200), rng.integers(0, 4, 200) / 8, rng.weibull(5, (3, 200)) + 0.5
    given, lost, other = np.sort(rng.weibull(5, (3, 4))), np.array([0.0, 0.1, 0.5]), rng.permutation(200)
    one = p_special(given, lost, UnrelatedLabours(nearest, loss), to_queries=back)
    two = p_special(given, lost, UnrelatedLabours(nearest[other], loss[other]), to_queries=back[:, other])
    np.testing.assert_array_equal(one.p, two.p)
    np.testing.assert_array_equal(one.by, two.by)
    assert (np.diff(one.p, axis=1) >= 0).all()


def test_beside_typical_distances_a_quiet_labour_is_not_special():
    """A labour in which nothing happens is near to everyone; a copy of an eventful one is not, and is special."""
    rng = np.random.default_rng(6)
    usual, loss = rng.uniform(1, 5, 300), np.zeros(300)
    nearest = usual * rng.weibull(8, 300)
    quiet_and_copy, typical = [[1.0], [5 * 0.4]], [1.0, 5.0]
    absolute = p_special(quiet_and_copy, loss[:2], UnrelatedLabours(nearest, loss), tail=False).p[:, 0]
    relative = p_special(
        quiet_and_copy, loss[:2], UnrelatedLabours(nearest, loss, usual), typical=typical, tail=False
    ).p[:, 0]
    assert absolute[0] < 0.05 < 0.5 < relative[0]
    assert relative[1] < 0.01 < 0.2 < absolute[1]


def test_distances_among_labours():
    distances = [[0.0, 1.0, np.nan, 4.0], [1.5, 0.0, np.inf, 3.0], [np.nan, np.inf, 0.0, np.nan], [4, 3, 2, 0]]
    unrelated = UnrelatedLabours.among(distances, np.zeros(4), relative=True)
    np.testing.assert_array_equal(unrelated.nearest, [1, 1.5, np.inf, 2])
    np.testing.assert_array_equal(unrelated.typical, [2.5, 2.25, np.nan, 3])
    np.testing.assert_array_equal(unrelated.counted, [True, True, False, True])


SOME = UnrelatedLabours(np.ones(4), np.zeros(4))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: UnrelatedLabours(np.ones(3), np.zeros(2)), r"give \(n,\) of each"),
        (lambda: UnrelatedLabours(-np.ones(3), np.zeros(3)), "3 of 3 nearest distances are negative"),
        (lambda: UnrelatedLabours(np.ones(2), [0, np.nan]), "fraction of each window that is missing"),
        (lambda: UnrelatedLabours([np.inf, np.nan], np.zeros(2)), "none of 2 labours has a distance to another"),
        (lambda: UnrelatedLabours([], []), "none of 0 labours"),
        (lambda: UnrelatedLabours.among(np.ones((1, 1)), [0]), r"give \(n, n\) of two or more labours"),
        (lambda: p_special([1.0], [0.0], SOME), r"give \(q, k\) and \(q,\)"),
        (lambda: p_special([[1.0]], [0.0, 0.0], SOME), r"give \(q, k\) and \(q,\)"),
        (lambda: p_special([[-1.0]], [0.0], SOME), "1 of 1 distances are negative"),
        (lambda: p_special([[1.0]], [1.5], SOME), "loss from 1.5 to 1.5"),
        (lambda: p_special([[1.0]], [0.0], SOME, to_queries=[[1.0]]), r"give \(q,\) and \(q, n\)"),
        (lambda: p_special([[1.0]], [0.0], SOME, typical=[1.0]), "give both or none"),
    ],
)
def test_errors(make, message):
    with pytest.raises(FHRError, match=message):
        make()
