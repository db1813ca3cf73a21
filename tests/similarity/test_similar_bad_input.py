import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from some_labours import labour, labours

from fhr.datasets import Database
from fhr.errors import FHRError, SignalError
from fhr.formats import write_wfdb
from fhr.similarity import Embedding, open_index, opening, similar
from fhr.similarity.index_folder import _FILES, _digest
from fhr.similarity.match_words import method_words

GIVEN = {"embedding": "raw", "minutes": 20, "step": 10}


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "labours"
    root.mkdir()
    for one in labours(3):
        write_wfdb(one, root)
    return root


@pytest.mark.parametrize("kept", [False, True])
def test_an_embedding_whose_length_changes_from_call_to_call_is_refused(kept, tmp_path):
    def growing(windows):
        return np.ones((len(windows), 4 + ("L000" in windows.names)))

    where = tmp_path / "index" if kept else None
    with pytest.raises(FHRError, match="vectors of 4 values after some of 5"):
        open_index(Database(labours(20), origin="twenty"), growing, step=10, folder=where)
    assert not list(tmp_path.iterdir())


def test_labours_whose_last_windows_are_lost_have_a_null_of_other_windows():
    def lost(recording):
        fhr = recording.fhr.copy()
        fhr[-4000:] = np.nan
        return replace(recording, fhr=fhr)

    database = Database([lost(one) for one in labours(4)], origin="lost")
    with pytest.raises(FHRError, match=r"no labour of lost has a window at its end.*--end"):
        similar(labour("q", 99), database, **GIVEN)
    assert similar(labour("q", 99), database, end=1800, **GIVEN).table["p_special"].notna().all()


@pytest.mark.parametrize("distance", ["euclidean", "laplacian", "mahalanobis"])
@pytest.mark.filterwarnings("error")
def test_a_vector_of_nothing_is_not_the_median_labour(distance):
    def some(windows):
        vectors = windows.signal[:, 0, ::600].copy()
        vectors[np.isin(windows.names, ["q", "L001"])] = np.nan
        return vectors

    embedding = Embedding(some, "some", missing=True)
    database = Database(labours(4, gap=False), origin="four")
    matches = similar([labour("q", 99), labour("r", 98)], database, embedding=embedding, distance=distance, step=10)
    assert "too little of this window was measured" in matches.quarantined["q"]
    assert set(matches.table["record"]) == {"L000", "L002", "L003"}


def test_no_query_and_no_label_are_no_crash():
    database = Database(labours(3), origin="three")
    with pytest.raises(FHRError, match="no query; give one"):
        similar([], database, **GIVEN)
    matches = similar(labour("q", 99), database, targets=[], **GIVEN)
    assert matches.ended.empty
    assert "nearest of 3" in matches.words


def test_of_one_labour_distance_and_outcome_are_told_and_why_there_is_no_p():
    one = Database(labours(1), origin="one labour")
    matches = similar([labour("q", 99), labour("r", 98)], one, surrogates=2, **GIVEN)
    assert matches.table["record"].tolist() == ["L000", "L000"]
    assert (matches.table["distance"] > 0).all()
    assert matches.table["ph"].tolist() == [one["L000"].outcome.ph] * 2
    assert matches.table[["p_special", "q"]].isna().all(axis=None)
    assert matches.table["p_surrogate"].notna().all()
    assert [said.split(":")[0] for said in matches.facts["warnings"]] == ["q has no p_special", "r has no p_special"]
    assert "no labour of one labour but its own can be compared with another" in matches.facts["warnings"][0]
    assert not any("p_special" in line for line in (matches.words, *method_words(matches.facts)))


def test_a_query_whose_surrogates_say_nothing_has_no_p_of_them_and_the_others_have():
    flat = labour("flat", 97, gap=False)
    flat = replace(flat, fhr=np.full_like(flat.fhr, 140))
    database = Database(labours(4), origin="four")
    matches = similar([labour("q", 99), flat], database, surrogates=2, **GIVEN)
    p = matches.table.groupby("query")[["p_special", "p_surrogate"]].first()
    assert p.notna().to_numpy().tolist() == [[True, False], [True, True]]
    (said,) = matches.facts["warnings"]
    assert said.startswith("flat has no p_surrogate: the first channel is measured for 100% of the window, or never")
    alone = similar(labour("q", 99), database, surrogates=2, **GIVEN).table["p_surrogate"]
    assert matches.of("q")["p_surrogate"].tolist() == alone.tolist()
    with pytest.raises(SignalError, match="flat: the first channel is measured"):
        similar(flat, database, surrogates=2, **GIVEN)


def test_databases_in_which_nothing_can_be_ranked_are_refused_with_advice():
    one = Database(labours(1), origin="one")
    with pytest.raises(FHRError, match=r"no other labour.*among more labours"):
        similar(labours(1)[0], one, **GIVEN)
    three = Database(labours(3), origin="three")
    with pytest.raises(FHRError, match="none of 3 labours has a distance"):
        similar(labour("q", 99), three, embedding=lambda windows: np.ones((len(windows), 2)), step=10)


@pytest.mark.parametrize(("name", "column"), [("labours", "digest_as_read"), ("windows", "to_end_s")])
def test_an_index_without_a_column_is_of_another_version(name, column, folder, tmp_path, caplog):
    kept = tmp_path / "index"
    open_index(folder, folder=kept, **GIVEN)
    table = pd.read_parquet(kept / f"{name}.parquet").drop(columns=column)
    table.to_parquet(kept / f"{name}.parquet")
    facts = json.loads((kept / "index.json").read_text())
    (kept / "index.json").write_text(json.dumps(facts | {"files": {one: _digest(kept / one) for one in _FILES}}))
    with pytest.raises(FHRError, match=f"another version.*{column}.*make it anew"):
        open_index(kept)
    assert len(open_index(folder, folder=kept, **GIVEN).index.labours) == 3
    assert "it is made anew" in caplog.text
    assert len(open_index(kept).index.labours) == 3


@pytest.mark.parametrize("text", [b"", b'{"minutes": 20, "fi', b"\xff\xfe", b"[" * 100_000, b"[1]"], ids=range(5))
def test_a_description_that_cannot_be_read_is_made_anew_where_the_database_is_at_hand(text, folder, tmp_path, caplog):
    kept = tmp_path / "index"
    open_index(folder, folder=kept, **GIVEN)
    (kept / "index.json").write_bytes(text)
    with pytest.raises(FHRError, match=r"index\.json.*make it anew"):
        open_index(kept)
    assert (kept / "index.json").read_bytes() == text
    assert len(open_index(folder, folder=kept, **GIVEN).index.labours) == 3
    assert "it is made anew" in caplog.text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "labours"]


@pytest.mark.parametrize("also", [[], ["points.f32", "letter.txt"]])
def test_a_folder_that_is_more_or_less_than_a_damaged_index_is_not_replaced(also, folder, tmp_path):
    other = tmp_path / "mine"
    other.mkdir()
    for name in ["index.json", *also]:
        (other / name).write_text("mine")
    with pytest.raises(FHRError, match=r"holds (nothing of one|letter\.txt).*name another folder"):
        open_index(folder, folder=other, **GIVEN)
    assert all(path.read_text() == "mine" for path in other.iterdir())
    assert len(list(other.iterdir())) == 1 + len(also)


@pytest.mark.parametrize("damaged", [False, True])
def test_of_two_that_make_an_index_at_once_the_first_one_s_stays(damaged, folder, tmp_path, monkeypatch):
    kept = tmp_path / "index"
    if damaged:
        open_index(folder, folder=kept, **GIVEN)
        (kept / "points.f32").write_bytes(b"")
    make, stamps = opening.index_of_recordings, []

    def meanwhile(*given, **settings):
        if not stamps:
            stamps.append(None)
            open_index(folder, folder=kept, **GIVEN)  # another process, as a whole
            stamps[0] = (kept / "index.json").stat().st_mtime_ns
        return make(*given, **settings)

    monkeypatch.setattr(opening, "index_of_recordings", meanwhile)
    assert len(open_index(folder, folder=kept, **GIVEN).index.labours) == 3
    assert (kept / "index.json").stat().st_mtime_ns == stamps[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "labours"]


@pytest.mark.parametrize("change", [{"shape": [3, 3]}, {"shape": None}, {"minutes": "x"}, {"distance": "row"}])
def test_a_description_that_does_not_fit_its_index_is_refused(change, folder, tmp_path):
    kept = tmp_path / "index"
    open_index(folder, folder=kept, **GIVEN)
    facts = json.loads((kept / "index.json").read_text())
    (kept / "index.json").write_text(json.dumps(facts | change))
    with pytest.raises(FHRError, match="make it anew"):
        open_index(kept)
    (kept / "index.json").write_text(json.dumps(facts | {"made_by": "0.0.0"}))
    with pytest.raises(FHRError, match=r"an index of version 0\.0\.0"):
        open_index(folder, folder=kept, **GIVEN)


def test_a_recording_that_changed_since_the_index_was_made_is_never_shown(folder, tmp_path):
    open_index(folder, folder=tmp_path / "index", **GIVEN)
    write_wfdb(labour("L001", 77), folder)
    with pytest.raises(FHRError, match="L001: is another one than when the index was made"):
        similar(labour("q", 99), tmp_path / "index")
