from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from local_hospital import TARGET, recordings

from fhr.datasets import Database, OutcomeTable
from fhr.errors import FormatError, OutcomeError
from fhr.evaluation import check_births, local_births
from fhr.recording import Outcome, Recording, Source


def outcomes(labels: dict[str, float], unusable: dict[str, str] | None = None) -> OutcomeTable:
    series = pd.Series(labels, name=TARGET, dtype=float)
    return OutcomeTable(series, unusable or {}, pd.DataFrame({"ward": "north"}, index=series.index))


def test_each_birth_that_is_left_out_has_its_reason():
    made = recordings(6)
    made.append(replace(made[4], name="twin"))
    digests = Database(made, origin="test").digests
    labels = {f"b{i:03d}": float(i % 2) for i in range(6)} | {"b001": np.nan, "gone": 1.0, "twin": 0.0}
    del labels["b005"]
    births = local_births(
        made,
        TARGET,
        outcomes(labels, {"b005": "ph is 72, outside of 6.5 to 7.8"}),
        learnt_from={digests[0]},
        fitted_to={digests[2]},
    )
    assert births.labels.to_dict() == {"b003": 1, "b004": 0}
    assert [recording.name for recording in births.recordings] == ["b003", "b004"]
    assert births.digests == digests[3:5]
    assert births.groups["ward"].tolist() == ["north", "north"]
    assert {name: reason.split(":")[0][:40] for name, reason in births.left_out.items()} == {
        "b000": "the model learnt from this recording",
        "b001": "no outcome that tells ph<7.20",
        "b002": "what made the model's training records w",
        "b005": "ph is 72, outside of 6.5 to 7.8",
        "twin": "it has the signals of b004; a birth coun",
        "gone": "1 outcomes without a recording",
    }


def test_births_that_a_maker_was_fitted_to_may_be_kept_and_are_listed():
    made = recordings(3)
    digests = Database(made, origin="test").digests
    labels = outcomes({"b000": 1, "b001": 0, "b002": 0})
    births = local_births(made, TARGET, labels, fitted_to={digests[1]}, keep_fitted=True)
    assert (len(births.labels), births.not_external) == (3, ("b001",))
    assert births.only({"b000"}, {}).not_external == ()


def test_births_are_known_by_whatever_names_what_the_model_has_seen(monkeypatch):
    made = recordings(4)
    labels = outcomes({"b000": 1, "b001": 0, "b002": 0, "b003": 1})
    copies = {"of its file": made[0].digest, "of another file": made[3].digest}
    monkeypatch.setattr("fhr.datasets.seen.other_digest", copies.get)
    births = local_births(made, TARGET, labels, learnt_from={"of its file"}, fitted_to={"b002", "of another file"})
    assert births.labels.index.tolist() == ["b001"]
    whole = local_births(made, TARGET, labels, fitted_to={Database(made, origin="test").checksum}, keep_fitted=True)
    assert whole.not_external == tuple(whole.labels.index)


def test_a_copy_from_another_file_counts_once():
    one, other = recordings(1)[0], replace(recordings(1)[0], name="copy", source=Source("copy.npz", "c" * 64))
    births = local_births([one, other], TARGET, outcomes({"b000": 1, "copy": 1}))
    assert (births.labels.index.tolist(), list(births.left_out)) == (["b000"], ["copy"])


def test_outcomes_of_the_recordings_where_no_table_is_given(caplog):
    made = [replace(r, outcome=Outcome(ph=(7.19, 7.2, 7.3)[i])) for i, r in enumerate(recordings(3))]
    assert local_births(made, TARGET).labels.to_dict() == {"b000": 1, "b001": 0, "b002": 0}
    births = local_births(made, TARGET, outcomes({"b000": 0, "b001": 0, "b002": 0}))
    assert births.labels.tolist() == [0, 0, 0]
    assert "1 recordings carry another label than the table of outcomes gives them (b000); the table is" in caplog.text


def test_names_that_do_not_meet():
    with pytest.raises(OutcomeError, match=r"the table names 1, 2, the recordings are b000, b001; write the names"):
        local_births(recordings(2), TARGET, outcomes({"1": 0, "2": 1}))


def test_two_recordings_of_one_name():
    with pytest.raises(FormatError, match="record 'b000' stands twice"):
        local_births([*recordings(1), *recordings(1)], TARGET, outcomes({"b000": 0}))


def test_only_some_of_the_births():
    births = local_births(recordings(3), TARGET, outcomes({"b000": 1, "b001": 0, "b002": 0}))
    some = births.only({"b000", "b002"}, {"b001": "too short"})
    assert (some.labels.to_dict(), some.left_out) == ({"b000": 1, "b002": 0}, {"b001": "too short"})
    assert some.digests == (births.digests[0], births.digests[2])
    assert some.checksum != births.checksum


@pytest.mark.parametrize(("n", "positives"), [(19, 8), (40, 4), (40, 36), (40, 0), (40, 40), (0, 0)])
def test_too_few_births_or_one_class(n, positives):
    labels = pd.Series([1] * positives + [0] * (n - positives), dtype=int)
    with pytest.raises(OutcomeError, match=rf"{n} births can be used, {positives} with ph<7.20 .*at least 20 with 5"):
        check_births(labels, TARGET, {"a": "no outcome"})


def test_few_births_are_warned_of(caplog):
    check_births(pd.Series([1] * 10 + [0] * 300), TARGET, {})
    assert "10 births with ph<7.20 say little" in caplog.text
    caplog.clear()
    check_births(pd.Series([1] * 100 + [0] * 300), TARGET, {})
    assert not caplog.text


def test_a_labour_in_a_coarser_format_counts_once():
    rate = 140 + np.cumsum(np.random.default_rng(3).normal(0, 0.4, 4800))
    one = Recording("one", rate, np.ones(4800), 4.0, outcome=Outcome(ph=7.0))
    births = local_births([one, replace(one, name="two", fhr=rate.round(), uc=np.zeros(4800))], TARGET)
    assert births.left_out == {"two": "it has the heart rate of one; a birth counts once"}
