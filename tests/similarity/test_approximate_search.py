import logging
import sys
from dataclasses import replace

import numpy as np
import pytest
from some_labours import labours

from fhr.datasets import Database
from fhr.errors import FHRError
from fhr.similarity import ApproximateSearch, Euclidean, Laplacian, index_folder, open_index
from fhr.similarity.hits import nearest_labours

D, PER = 12, 10
EUCLIDEAN = Euclidean("SD", None, (D,))
LAPLACIAN = Laplacian("", None, (4, 8))


def points_of(n_labours, seed=0):
    """Windows of labours on a curved surface of three dimensions, (n, D)."""
    rng = np.random.default_rng(seed)
    axes = np.random.default_rng(99).normal(size=(3, D))
    state = rng.normal(size=(n_labours, 1, 3)) + 0.5 * rng.normal(size=(n_labours, PER, 3)).cumsum(axis=1) / 3
    return (np.tanh(state @ axes) + 0.1 * rng.normal(size=(n_labours, PER, D))).reshape(-1, D).astype(np.float32)


def exactly(points, queries, k, distance=EUCLIDEAN, own=None):
    own = [np.empty(0, dtype=int)] * len(queries) if own is None else own
    return nearest_labours(queries, points, distance, np.arange(0, len(points), PER), own, k)


@pytest.fixture(scope="module")
def points():
    return points_of(1000)


@pytest.fixture(scope="module")
def search(points):
    return ApproximateSearch.build(points, EUCLIDEAN, np.arange(0, len(points), PER))


def recall(found, exact):
    return np.mean([np.isin(a // PER, b // PER).mean() for a, b in zip(exact.windows, found.windows, strict=True)])


@pytest.mark.parametrize("k", [1, 10, 60])
def test_it_finds_the_labours_that_are_found_among_all_windows(points, search, k):
    queries = points_of(100, seed=1)[::PER]
    found, exact = search.nearest(queries, k), exactly(points, queries, k)
    assert search.recall >= 0.995
    assert recall(found, exact) >= 0.99
    assert (np.diff(found.distances, axis=1) >= 0).all()
    same = found.windows == exact.windows
    np.testing.assert_array_equal(found.distances[same], exact.distances[same])
    assert len({*(found.windows[0] // PER)}) == k


def test_gaps_and_other_distances_are_compared_as_they_are(points):
    gaps = points.copy()
    gaps[np.random.default_rng(3).random(gaps.shape) < 0.03] = np.nan
    for database, distance in ((points, LAPLACIAN), (gaps, EUCLIDEAN)):
        search = ApproximateSearch.build(database, distance, np.arange(0, len(points), PER))
        queries = database[5 : 1000 : 5 * PER]
        found, exact = search.nearest(queries, 10), exactly(database, queries, 10, distance)
        assert recall(found, exact) >= 0.98
        assert (found.distances[:, 0] == 0).all()


def test_own_labours_and_windows_that_cannot_be_compared_are_no_hits(points, search):
    near = np.argsort(EUCLIDEAN.between(points[:1], points)[0])[:400]
    own = np.unique(near // PER)
    found = search.nearest(points[:1], 5, [own])
    assert not np.isin(found.windows // PER, own).any()
    np.testing.assert_array_equal(found.windows, exactly(points, points[:1], 5, own=[own]).windows)
    nothing = np.full((1, D), np.nan, dtype=np.float32)
    assert (search.nearest(nothing, 5).windows == -1).all()
    assert search.nearest(points[:1], 2000).windows.shape == (1, 1000)
    assert search.nearest(points[:0], 5).windows.shape == (0, 5)


def test_what_is_equally_near_comes_in_the_order_of_the_labours(points):
    twice = np.concatenate([points, points])
    found = ApproximateSearch.build(twice, EUCLIDEAN, np.arange(0, len(twice), PER)).nearest(points[55:56], 2)
    assert found.windows.tolist() == [[55, len(points) + 55]]


def test_a_kept_search_is_taken_where_it_fits(points, search, tmp_path, caplog, monkeypatch):
    first, path = search.first, tmp_path / "lists.npz"
    kept = ApproximateSearch.kept(path, "a", points, EUCLIDEAN, first)
    written = path.read_bytes()

    def never(*_, **__):
        raise AssertionError("built anew")

    with monkeypatch.context() as patch:
        patch.setattr(ApproximateSearch, "build", never)
        again = ApproximateSearch.kept(path, "a", points, EUCLIDEAN, first)
        assert (again.probes, again.candidates, again.recall) == (kept.probes, kept.candidates, kept.recall)
        np.testing.assert_array_equal(again.nearest(points[:9], 4).windows, search.nearest(points[:9], 4).windows)
    monkeypatch.setattr(ApproximateSearch, "build", lambda *_, **__: kept)
    flipped = written[:9000] + bytes([written[9000] ^ 1]) + written[9001:]
    others = {"checksum": "b"}, {"first": first[::2]}, {"distance": LAPLACIAN}
    for raw, other in [
        (flipped, {}),
        (written[:5000], {}),
        (b"", {}),
        (b"PK", {}),
        *((written, one) for one in others),
    ]:
        path.write_bytes(raw)
        caplog.clear()
        given = {"checksum": "a", "points": points, "distance": EUCLIDEAN, "first": first} | other
        ApproximateSearch.kept(path, **given)
        assert "is made anew" in caplog.text
        assert len(path.read_bytes()) > len(written) - 100


def test_a_file_that_another_faiss_wrote_or_one_that_does_not_fit_its_checksum_is_never_opened(search, tmp_path):
    import faiss

    from fhr.formats.archives.array_archive import pack_arrays, unpack_arrays

    path = tmp_path / "lists.npz"
    search._write(path, "known")
    arrays = unpack_arrays(path.read_bytes(), most_bytes=1 << 30)
    junk = arrays | {"lists": np.frombuffer(b"IwSq" + bytes(100), dtype=np.uint8)}
    older = arrays | {"by": np.array(faiss.__version__ + ".older")}
    less = {name: arrays[name] for name in arrays if name != "sha256"}
    for wrong, message in ((junk, "checksum"), (older, "by faiss"), (less, "no file of lists")):
        path.write_bytes(pack_arrays(wrong, compressed=False))
        with pytest.raises(ValueError, match=message):
            ApproximateSearch._read(path, "known", search.points, EUCLIDEAN, search.first)


def test_it_refuses_what_it_cannot_do(points, search, monkeypatch):
    first = search.first
    with pytest.raises(FHRError, match="900 windows"):
        ApproximateSearch.build(points[:900], EUCLIDEAN, first[:90])
    with pytest.raises(FHRError, match="recall=1;"):
        ApproximateSearch.build(points, EUCLIDEAN, first, recall=1)
    with pytest.raises(FHRError, match="k=0"):
        search.nearest(points[:1], 0)
    with pytest.raises(FHRError, match=r"\(1, 3\)"):
        search.nearest(points[:1, :3], 1)
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(FHRError, match=r"pip install 'intrapartum-fhr\[similarity\]'"):
        ApproximateSearch.build(points, EUCLIDEAN, first)


def test_a_large_index_on_disk_is_searched_by_lists_and_a_small_one_is_not(tmp_path, monkeypatch, caplog):
    database = Database(labours(3), origin="three labours")
    given = {"embedding": "raw", "minutes": 20, "step": 10, "folder": tmp_path / "index"}
    assert open_index(database, **given).index.lists is None
    monkeypatch.setattr(index_folder, "MANY", 2)
    with caplog.at_level(logging.WARNING):
        index = open_index(database, **given).index  # too few windows for lists
    assert index.lists is None
    assert "all 9 windows are compared: 9 windows" in caplog.text
    points = points_of(1000)
    lists = ApproximateSearch.build(points, EUCLIDEAN, np.arange(0, len(points), PER))
    assert replace(index, lists=lists).nearest(points[:1], 3).windows[0, 0] == 0
