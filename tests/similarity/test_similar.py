import json
import math
from dataclasses import replace

import numpy as np
import pytest
from some_labours import labour, labours

import fhr
from fhr.datasets import Database
from fhr.errors import DatasetNotFoundError, FHRError, FormatError
from fhr.features import FeatureSet, extract
from fhr.formats import write_table, write_wfdb
from fhr.recording import Outcome, Provenance
from fhr.similarity import (
    COLUMNS,
    Embedding,
    Euclidean,
    SimilarityIndex,
    feature_embedding,
    index_of_recordings,
    open_index,
    raw_signals,
    similar,
)
from fhr.similarity.match_words import method_words

GIVEN = {"embedding": "raw", "minutes": 20, "step": 10}


@pytest.fixture(scope="module")
def database():
    return Database(labours(12), origin="twelve labours")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("labours")
    for one in labours(6):
        write_wfdb(one, root)
    return root


def noisy_copy(recording, name="copy", sd=1.0):
    fhr = recording.fhr + np.random.default_rng(0).normal(scale=sd, size=len(recording)).astype(np.float32)
    return replace(recording, name=name, fhr=fhr, source=None)


def test_a_noisy_copy_is_found_first_with_what_became_of_it(database):
    matches = fhr.similar(noisy_copy(database["L004"]), database, k=3, **GIVEN)
    first = matches.table.iloc[0]
    assert (first["record"], first["rank"], first["unit"]) == ("L004", 1, "bpm")
    assert (first["end_s"], first["to_end_s"]) == (2400, 0)
    assert first["distance"] < 1
    assert first["ph"] == database["L004"].outcome.ph
    assert matches.table["distance"].is_monotonic_increasing
    assert matches.table["record"].is_unique
    assert matches.queries.signal.shape == (1, 2, 4800)
    np.testing.assert_allclose(matches.windows.signal[0, 1], database["L004"].uc[-4800:])


def test_hits_are_those_of_brute_force(database):
    matches = similar(database["L000"], database, k=11, **GIVEN)
    embedding = raw_signals(20)
    from fhr.similarity import LabourWindows

    query = embedding(LabourWindows.of(database["L000"], minutes=20))[0]
    nearest = {}
    for one in database.recordings[1:]:
        vectors = embedding(LabourWindows.of(one, minutes=20, step=10))
        nearest[one.name] = np.sqrt(np.nanmean(np.square(vectors - query), axis=1)).min()
    assert matches.table["record"].tolist() == sorted(nearest, key=nearest.get)
    np.testing.assert_allclose(matches.table["distance"], sorted(nearest.values()), rtol=1e-5)


def test_windows_of_the_query_s_own_labour_are_no_hits_unless_asked_for(database):
    matches = similar(database["L002"], database, k=20, **GIVEN)
    assert len(matches) == 11
    assert "L002" not in set(matches.table["record"])
    renamed = replace(database["L002"], name="another name", source=None)
    assert "L002" not in set(similar(renamed, database, k=20, **GIVEN).table["record"])
    own = similar(database["L002"], database, k=20, own=True, **GIVEN)
    assert (own.table["record"].iloc[0], own.table["distance"].iloc[0]) == ("L002", 0)


def test_another_window_of_the_query_is_asked_about(database):
    matches = similar(noisy_copy(database["L004"]), database, k=1, end=1800, **GIVEN)
    assert matches.table[["query_start_s", "query_end_s", "record", "end_s"]].iloc[0].tolist() == [
        600,
        1800,
        "L004",
        1800,
    ]


def test_how_they_ended_stands_beside_the_database_without_the_query(database):
    matches = similar(database["L001"], database, k=5, targets=["ph<7.20"], **GIVEN)
    (row,) = matches.ended.to_dict("records")
    low = database.labels("ph<7.20")
    names = matches.table["record"]
    assert row["n_known"] == 5
    assert row["n_with"] == low[names].sum()
    assert row["expected"] == pytest.approx(low.drop("L001").mean())
    assert row["low"] <= row["share"] <= row["high"]


def test_without_outcomes_nothing_is_told_of_how_they_ended():
    bare = Database([replace(one, outcome=Outcome()) for one in labours(4)], origin="bare")
    matches = similar(labour("q", 99), bare, **GIVEN)
    assert matches.ended["n_known"].eq(0).all()
    assert matches.ended[["share", "expected"]].isna().all(axis=None)
    assert any("no outcome is known" in said for said in matches.facts["warnings"])


def test_what_is_no_measurement_is_said(database):
    made = Provenance("synthetic", made_by="somebody")
    query = replace(labour("q", 99), provenance=made)
    others = Database([replace(one, provenance=made) for one in labours(3)] + labours(5)[3:], origin="made ones")
    matches = similar(query, others, **GIVEN)
    assert "q is synthetic, made by somebody" in matches.facts["warnings"]
    assert any("3 synthetic" in said for said in matches.facts["warnings"])
    assert set(matches.table["kind"]) == {"synthetic", "measured"}


def test_what_an_embedding_learnt_from_is_said(database):
    seen = frozenset({database["L003"].digest, "L005", "another"})
    embedding = replace(raw_signals(20), learnt_from=seen, notes=("nothing else",))
    (note, learnt) = similar(labour("q", 99), database, **{**GIVEN, "embedding": embedding}).facts["warnings"]
    assert note == "nothing else"
    assert learnt.startswith("the embedding learnt from 2 of the 12 labours of the database")
    whole = replace(embedding, learnt_from=frozenset({database.checksum}))
    assert index_of_recordings(database, whole).n_learnt_from == 12


def test_an_embedding_of_windows_of_another_length_is_refused(database):
    of_half_an_hour = feature_embedding("statistics", ("order_statistics",), 30)
    with pytest.raises(FHRError, match="of windows of 30 min, not 20"):
        similar(database["L000"], database, **{**GIVEN, "embedding": of_half_an_hour})


def test_queries_that_cannot_be_compared_are_left_out_with_the_reason(database, tmp_path):
    lost = replace(labour("lost", 5), fhr=np.full(9600, np.nan, np.float32))
    half = labour("half", 6, gap=False)
    fhr = half.fhr.copy()
    fhr[-3000:] = np.nan
    queries = [labour("q", 99), labour("short", 4, minutes=10), lost, replace(half, fhr=fhr), tmp_path / "no.csv"]
    matches = similar([*queries, labour("odd", 3, fs=3.0)], database, **GIVEN)
    assert set(matches.table["query"]) == {"q"}
    assert "shorter than one window" in matches.quarantined["short"]
    assert "all of the heart rate" in matches.quarantined["lost"]
    assert "62%" in matches.quarantined["half"]
    assert "3" in matches.quarantined["odd"]
    assert len(matches.quarantined) == 5
    twice = similar([labour("q", 99), labour("q", 98)], database, k=2, **GIVEN)
    assert len(twice) == 2
    assert "another query has this name" in twice.quarantined["q"]
    with pytest.raises(FHRError, match=r"none of the 1 queries.*shorter"):
        similar(queries[1], database, **GIVEN)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"k": 0}, "at least 1"),
        ({"k": 2.5}, "whole number"),
        ({"surrogates": 1.5}, "whole number"),
        ({"surrogates": -1}, "surrogates=-1"),
        ({"distance": "euclid"}, "choose from euclidean"),
        ({"embedding": "row"}, "choose from"),
        ({"most_loss": 1.0}, "below 1"),
        ({"minutes": 90}, "no labour with a window of 90 min"),
        ({"targets": ["ph"]}, "not defined"),
        ({"step": 0}, "step"),
    ],
)
def test_settings_that_cannot_be_are_refused(given, said, database):
    with pytest.raises(FHRError, match=said):
        similar(database["L000"], database, **{**GIVEN, **given})


def test_a_labour_of_another_file_format_stands_in_the_same_folder(folder, tmp_path):
    root = tmp_path / "mixed"
    root.mkdir()
    for one in labours(2):
        write_wfdb(one, root)
    write_table(labour("table", 7), root / "table.csv")
    (root / "broken.npz").write_bytes(b"no archive")
    opened = open_index(root, **GIVEN)
    assert opened.index.labours.index.tolist() == ["L000", "L001", "table"]
    assert list(opened.index.quarantined) == ["broken.npz"]
    assert opened.recordings["table"].name == "table"
    open_index(root, folder=tmp_path / "index", **GIVEN)
    assert similar(labour("q", 99), tmp_path / "index").table["rms_bpm"].notna().all()
    with pytest.raises(DatasetNotFoundError):
        open_index(tmp_path / "nowhere", **GIVEN)


def test_a_name_stands_once():
    twice = iter([labour("a", 1), labour("a", 2)])
    with pytest.raises(FHRError, match="'a' stands twice"):
        index_of_recordings(twice, raw_signals(20))


def test_an_index_is_kept_and_taken_again(folder, tmp_path, monkeypatch):
    kept = tmp_path / "index"
    first = similar(folder / "L000", folder, index=kept, **GIVEN)
    monkeypatch.setattr("fhr.similarity.opening.index_of_recordings", None)  # it is not made again
    again = similar(folder / "L000", folder, index=kept, **GIVEN)
    alone = similar(folder / "L000", kept)
    assert first.table.equals(again.table)
    assert first.table.equals(alone.table)
    in_memory = index_of_recordings(labours(6), raw_signals(20), minutes=20, step=10)
    opened = open_index(kept).index
    np.testing.assert_allclose(opened.points, in_memory.points, atol=0.02)  # a WFDB file holds a hundredth of a bpm
    assert isinstance(opened.points, np.memmap)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"minutes": 10}, "other settings .minutes"), ({"embedding": "order_statistics"}, "other settings .embedding")],
)
def test_an_index_of_other_settings_is_refused(change, said, folder, tmp_path):
    open_index(folder, folder=tmp_path / "index", **GIVEN)
    with pytest.raises(FHRError, match=said):
        open_index(folder, folder=tmp_path / "index", **{**GIVEN, **change})


def test_an_index_of_one_window_a_labour_is_kept_as_such(folder, tmp_path):
    made = open_index(folder, "raw", step=math.inf, folder=tmp_path / "kept").index
    assert made.windows["to_end_s"].tolist() == [0.0] * len(made.labours)
    taken = open_index(tmp_path / "kept").index
    assert taken.step == math.inf
    words = list(method_words(similar(labour("q", 9), taken, k=2).facts))
    assert words[0].startswith("Windows of 20 min, one a labour: ")


def test_an_index_of_another_database_and_a_folder_of_something_else_are_refused(folder, tmp_path):
    kept = tmp_path / "index"
    open_index(folder, folder=kept, **GIVEN)
    with pytest.raises(FHRError, match="is an index already"):
        open_index(kept, folder=tmp_path / "another")
    with pytest.raises(FHRError, match="another database"):
        open_index(Database(labours(4), origin="four"), folder=kept, **GIVEN)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("keep me")
    with pytest.raises(FHRError, match="holds no index"):
        open_index(folder, folder=tmp_path / "full", **GIVEN)
    assert (tmp_path / "full" / "letter.txt").read_text() == "keep me"
    open_index(folder, raw_of_my_own, minutes=20, folder=tmp_path / "own")
    with pytest.raises(FHRError, match="give that function"):
        open_index(tmp_path / "own")
    assert open_index(tmp_path / "own", raw_of_my_own).index.embedding.name == "raw_of_my_own"


def raw_of_my_own(windows):
    return np.nan_to_num(windows.signal[:, 0].reshape(len(windows), 20, -1), nan=140.0).mean(axis=2)


@pytest.mark.parametrize("name", ["points.f32", "windows.parquet", "distance.npz"])
def test_a_damaged_index_is_made_anew_and_never_used(name, folder, tmp_path, caplog):
    kept = tmp_path / "index"
    before = similar(folder / "L000", folder, index=kept, **GIVEN)
    damaged = bytearray((kept / name).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (kept / name).write_bytes(damaged)
    with pytest.raises(FHRError, match=f"checksum of {name} does not fit"):
        similar(folder / "L000", kept)
    assert before.table.equals(similar(folder / "L000", folder, index=kept, **GIVEN).table)
    assert "made anew" in caplog.text
    (kept / name).unlink()
    with pytest.raises(FHRError, match="is missing"):
        open_index(kept)
    (kept / "index.json").write_text(json.dumps([1]))
    with pytest.raises(FHRError, match=r"index\.json"):
        open_index(kept)


def test_a_table_of_features_is_a_database(folder, tmp_path):
    features = FeatureSet(groups=("order_statistics",), minutes=20)
    extract(folder, tmp_path / "table.parquet", features, step=10)
    matches = similar(folder / "L000", tmp_path / "table.parquet", index=tmp_path / "index")
    direct = similar(folder / "L000", folder, embedding="order_statistics", minutes=20, step=10)
    assert matches.table["record"].tolist() == direct.table["record"].tolist()
    np.testing.assert_allclose(matches.table["distance"], direct.table["distance"], rtol=1e-4)
    assert matches.table["ph"].notna().all()
    assert matches.windows is not None
    assert similar(folder / "L000", tmp_path / "index").table.equals(matches.table)
    with pytest.raises(FHRError, match="leave the embedding out"):
        similar(folder / "L000", tmp_path / "index", embedding="raw")
    for given in ({"minutes": 30}, {"step": 5}):
        with pytest.raises(FHRError, match=r"table\.parquet, has (minutes 20|step 10)"):
            open_index(tmp_path / "table.parquet", **given)
    with pytest.raises(FHRError, match="is a table"):
        similar(folder / "L000", tmp_path / "table.parquet", embedding="raw")
    with pytest.raises(FormatError):
        similar(folder / "L000", folder / "L000.dat")


def test_a_table_whose_recordings_changed_or_went_is_told(tmp_path):
    root = tmp_path / "labours"
    root.mkdir()
    for one in labours(4):
        write_wfdb(one, root)
    extract(root, tmp_path / "table.parquet", FeatureSet(groups=("order_statistics",), minutes=20), step=10)
    write_wfdb(labour("L009", 9), root)
    with pytest.raises(FHRError, match="other recordings"):
        similar(labour("q", 99), tmp_path / "table.parquet")
    root.rename(tmp_path / "elsewhere")
    matches = similar(labour("q", 99), tmp_path / "table.parquet")
    assert matches.windows is None
    assert matches.table["ph"].isna().all()
    assert any("not at hand" in said for said in matches.facts["warnings"])


def test_an_index_is_a_database_as_it_is(database):
    index = index_of_recordings(database, raw_signals(20), minutes=20, step=10)
    assert isinstance(index, SimilarityIndex)
    found, known = similar(database["L000"], index, k=2), similar(database["L000"], database, k=2, **GIVEN)
    assert found.windows is None  # nobody says where the recordings are
    aligned = ["rms_bpm", "lag_s"]
    assert found.table.drop(columns=aligned).equals(known.table.drop(columns=aligned))
    with pytest.raises(FHRError, match="not at hand"):
        similar(database["L000"], index, elastic=True)
    with pytest.raises(FHRError, match="leave out another embedding"):
        similar(database["L000"], index, embedding="order_statistics")
    with pytest.raises(FHRError, match="at hand already"):
        similar(database["L000"], index, index="index")


def test_each_labour_stands_for_a_query_of_its_own(database):
    index = index_of_recordings(database, raw_signals(20), minutes=20, step=10)
    rows, nearest, _ = index.own_windows()
    assert index.windows["to_end_s"].to_numpy()[rows].tolist() == [0] * 12
    one = similar(database["L003"], index, k=1).table["distance"].iloc[0]
    assert nearest[3] == pytest.approx(one)
    drawn = index.own_windows("any", seed=1).rows
    assert index.windows["record"].to_numpy()[drawn].tolist() == database.names
    assert drawn.tolist() != rows.tolist()


def test_p_of_labours_of_the_database_and_of_others_and_of_surrogates(database):
    index = index_of_recordings(labours(60), raw_signals(20), minutes=20, step=10)
    copy, other = noisy_copy(labour("L007", 7)), labour("q", 999)
    matches = similar([copy, other, labour("L003", 3)], index, k=3, surrogates=19)
    first = matches.table[matches.table["rank"] == 1].set_index("query")
    assert first.loc["copy", "p_special"] <= 2 / 61
    assert first.loc["q", "p_special"] > 2 / 61
    assert matches.table.groupby("query")["p_special"].apply(lambda p: p.is_monotonic_increasing).all()
    ranked = sorted(first["p_special"])
    assert first.loc["copy", "q"] == pytest.approx(min(3 * ranked[0], 3 * ranked[1] / 2, ranked[2]))
    assert matches.of("copy")["p_surrogate"].tolist() == pytest.approx([1 / 20] * 3)  # of the query
    assert matches.facts["n_null"] == 60
    own = similar(labour("L003", 3), index, own=True, k=2)
    assert own.table["p_special"].isna().all()
    elsewhere = similar(copy, index, k=1, end=1800)
    assert elsewhere.table["p_special"].iloc[0] <= 2 / 61


def test_matches_are_shifted_or_aligned_and_ordered_by_what_is_left(database):
    late = noisy_copy(database["L004"])
    shifted = replace(late, fhr=np.roll(late.fhr, 48), uc=np.roll(late.uc, 48))  # 12 s
    matches = similar(shifted, database, k=3, **GIVEN)
    first = matches.table.iloc[0]
    assert (first["record"], first["lag_s"]) == ("L004", -12)
    assert first["rms_bpm"] < first["distance"]
    pytest.importorskip("dtaidistance")
    elastic = similar(shifted, database, k=3, elastic=True, **GIVEN)
    assert elastic.table["rms_bpm"].is_monotonic_increasing
    assert elastic.table["rank"].tolist() == [1, 2, 3]
    assert elastic.table["record"].iloc[0] == "L004"
    assert elastic.windows.names.tolist() == elastic.table["record"].tolist()
    assert elastic.words.startswith("copy: best aligned of 3: L004")
    assert "first of a query by rms need not be its nearest by distance" in " ".join(method_words(elastic.facts))
    assert "nearest by distance" in COLUMNS["q"]


def test_a_query_with_nothing_to_compare_by_an_embedding_is_left_out_with_the_reason(database):
    without = replace(noisy_copy(database["L004"]), uc=np.full(9600, np.nan, dtype=np.float32))
    given = GIVEN | {"embedding": "sliced_wasserstein"}
    matches = similar([without, noisy_copy(database["L005"], "good")], database, k=2, **given)
    assert set(matches.table["query"]) == {"good"}
    assert "too little of this window was measured" in matches.quarantined["copy"]
    assert len(matches.queries) == 1
    with pytest.raises(FHRError, match="none of the 1 queries can be compared: copy: too little"):
        similar(without, database, **given)


def test_a_query_that_has_nothing_in_common_with_any_labour_is_left_out(database):
    def first_or_last(windows):
        half = windows.signal[:, 0].reshape(len(windows), 20, -1).mean(axis=2)
        late = windows.names == "late"
        half[late, :10], half[~late, 10:] = np.nan, np.nan
        return half

    embedding = Embedding(first_or_last, "halves", "bpm", missing=True)
    index = index_of_recordings([labour(f"M{i}", i, gap=False) for i in range(5)], embedding, minutes=20, step=10)
    late, early = labour("late", 50, gap=False), labour("early", 51, gap=False)
    matches = similar([late, early], index, k=2)
    assert set(matches.table["query"]) == {"early"}
    assert "no other labour of the database can be compared" in matches.quarantined["late"]
    assert matches.ended["query"].unique().tolist() == ["early"]
    with pytest.raises(FHRError, match="none of the queries"):
        similar(late, index)


@pytest.mark.parametrize("given", [{"minutes": 10}, {"step": 5}, {"most_loss": 0.3}, {"distance": "laplacian"}])
def test_a_setting_that_an_index_has_otherwise_is_refused(given, database):
    index = open_index(database, **GIVEN)
    (name,) = given
    for among in (index, index.index):
        with pytest.raises(FHRError, match=f"{name}=.*leave it out"):
            similar(database["L000"], among, **given)
    as_it_is = {**GIVEN, "most_loss": 0.5, "distance": "euclidean"}
    assert len(similar(database["L000"], index, k=1, **as_it_is)) == 1
    assert open_index(index, **as_it_is) is index


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"embedding": "order_statistics"}, "is by raw; leave out another embedding"),
        ({"embedding": raw_of_my_own}, "is by raw; leave out another embedding"),
        ({"index": "kept"}, r"at hand already; leave out where to keep one \(--index kept\)"),
        ({"distance": Euclidean.fit}, "distance=fit: what it is compared with, twelve labours, has distance euclidean"),
        ({"minutes": np.int64(10)}, "minutes=10.*has minutes 20"),
    ],
)
def test_what_is_given_beside_an_open_index_is_never_passed_over(given, said, database):
    index = open_index(database, **GIVEN)
    for among in (index, index.index):
        with pytest.raises(FHRError, match=said):
            similar(database["L000"], among, **given)


def test_an_open_index_keeps_its_distance_against_open_index_too(database):
    index = open_index(database, **GIVEN)
    with pytest.raises(FHRError, match="distance=laplacian: what it is compared with"):
        open_index(index.index, distance="laplacian")
