"""The kernel line and its rivals learn from training folds alone, and from nothing that says how a birth went."""

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_once import made_once

from fhr.datasets import Place, make_splits
from fhr.errors import FHRError
from fhr.evaluation import BASELINES, GROUP_LINES, cross_validate, feature_table, group_features, lines
from fhr.metrics import auroc
from fhr.preprocessing import Pipeline
from fhr.recording import Clinical, Recording

BY_SLUG = {line.slug: line for line in GROUP_LINES}
KERNEL = BY_SLUG["kernel-parity"]


@pytest.fixture(scope="module")
def table(tmp_path_factory, births_database) -> pd.DataFrame:
    """Features of 120 simulated births, whose parity is drawn."""

    def made(_):
        found = feature_table(births_database, group_features())
        return found.assign(nulliparity=np.random.default_rng(0).integers(2, size=len(found)).astype(float))

    return made_once(tmp_path_factory, "births_groups", made)[1]


@pytest.fixture(scope="module")
def place(births_database) -> Place:
    return Place.first(births_database, "ph<7.20", make_splits(births_database))


def labour(name: str, *, fs: float = 4.0, minutes: float = 70, seed: int = 0, **clinical: float) -> Recording:
    n, generator = round(minutes * 60 * fs), np.random.default_rng(seed)
    fhr = 140 + 5 * np.sin(np.arange(n) / fs / 30)[::-1] + generator.normal(size=n)[::-1]
    return Recording(name, fhr.astype(np.float32), np.zeros(n, np.float32), fs, clinical=Clinical(**clinical))


@pytest.mark.training
def test_the_kernel_line_ranks_simulated_births(table, births_database):
    result = cross_validate(KERNEL.maker(table), births_database, target="ph<7.20")
    assert result.name == KERNEL.name
    assert result.measured["auroc"].value > 0.68


@pytest.mark.parametrize("line", GROUP_LINES, ids=lambda line: line.slug)
def test_every_line_fits_and_ranks(line, table, place):
    fitted = line.maker(table)(place, 0).fit(place, 0)
    scores = pd.concat([fitted.held_out, fitted.test])
    assert auroc(place.labels[scores.index], scores) > 0.65


@pytest.mark.statistics
def test_there_is_nothing_to_learn_from_the_features_of_other_births(table, births_database):
    result = cross_validate(KERNEL.maker(table), births_database, target="ph<7.20", permutations=4)
    values = [auroc(rows["label"], rows["score"]) for _, rows in result.predictions.groupby("repeat")]
    assert np.mean(values) == pytest.approx(0.5, abs=0.09)


def test_neither_outcomes_nor_features_of_other_parts_change_a_score(table, place, births_database, monkeypatch):
    fitted = KERNEL.maker(table)(place, 0).fit(place, 0)
    part = place.partition
    rest = [*part.calibration, *part.test]
    outcomes = births_database.outcomes
    outcomes.loc[rest, ["ph", "bdecf"]] = outcomes.loc[rest, ["ph", "bdecf"]].to_numpy()[::-1]
    monkeypatch.setattr(type(births_database), "outcomes", property(lambda self: outcomes))
    again = KERNEL.maker(table)(place, 0).fit(place, 0)
    pd.testing.assert_series_equal(again.test, fitted.test)
    pd.testing.assert_series_equal(again.held_out, fitted.held_out)
    others = table.copy()
    others.loc[list(part.test)] = 1e6
    again = KERNEL.maker(others)(place, 0).fit(place, 0)
    pd.testing.assert_series_equal(again.held_out, fitted.held_out)
    assert set(fitted.held_out.index) == set(part.calibration)
    assert set(fitted.test.index) == set(part.test)


def test_the_outcomes_that_it_learns_from_do(table, place, births_database, monkeypatch):
    fitted = KERNEL.maker(table)(place, 0).fit(place, 0)
    outcomes = births_database.outcomes
    outcomes.loc[place.partition.train[0], "ph"] += 0.3
    monkeypatch.setattr(type(births_database), "outcomes", property(lambda self: outcomes))
    assert not KERNEL.maker(table)(place, 0).fit(place, 0).test.equals(fitted.test)


def test_only_those_named_so_are_given_signal_loss_or_parity():
    for line in GROUP_LINES:
        names = line.features().names
        assert any(name.startswith("loss_") for name in names) == ("loss" in line.slug)
        assert ("nulliparity" in names) == ("parity" in line.slug)
        assert set(names) <= set(group_features().names)


def test_lengths_and_outcomes_of_a_labour_change_no_feature():
    first = feature_table([labour("a", minutes=60)], group_features())
    for other in (labour("a", minutes=95), labour("a", minutes=60, second_stage=20.0, weight=2500.0, sex=1.0)):
        later = feature_table([replace(other, stage2_start=1200.0)], group_features())
        pd.testing.assert_frame_equal(later.drop(columns="nulliparity"), first.drop(columns="nulliparity"), atol=1e-4)


def test_whole_rates_are_taken_and_what_cannot_be_used_is_said(caplog):
    with caplog.at_level(logging.WARNING, logger="fhr"):
        given = [labour("one", fs=1.0), labour("two", fs=2.0), labour("half", fs=0.5), labour("short", minutes=59)]
        table = feature_table(given, group_features())
    assert table.index.tolist() == ["one", "two"]
    assert [message.split(":")[1].strip() for message in caplog.messages] == ["half", "short"]
    with pytest.raises(FHRError, match="two recordings are named 'one'"):
        feature_table([labour("one"), labour("one")], group_features())
    assert feature_table([], group_features()).shape == (0, len(group_features().names))


def test_a_window_of_another_length_has_features_of_its_own(births_database, place):
    half = feature_table(
        [r for r in births_database if r.name in place.labels.index], group_features(Pipeline(minutes=20))
    )
    fitted = KERNEL.maker(half, pipeline=Pipeline(minutes=20))(place, 0).fit(place, 0)
    assert np.isfinite(fitted.test).all()
    with pytest.raises(FHRError, match=r"no column mad_60; make it with fhr\.evaluation\.feature_table"):
        KERNEL.maker(half)


def test_lines_are_found_by_name():
    slugs = [line.slug for line in (*BASELINES, *GROUP_LINES)]
    assert len(set(slugs)) == len(slugs)
    assert [line.slug for line in lines(["all"])] == slugs
    assert [line.slug for line in lines(["kernel", "mad"])] == ["mad", "kernel"]
    with pytest.raises(FHRError, match=r"'kernels'; there are logistic, .*, kernel, kernel-parity"):
        lines(["kernels"])


def test_a_place_without_its_database_and_a_table_of_other_records(table, place):
    with pytest.raises(FHRError, match="give a place with its database"):
        KERNEL.maker(table)(place, 0).fit(replace(place, database=None), 0)
    with pytest.raises(FHRError, match="kernel line with parity: the table has none of the records"):
        KERNEL.maker(table.set_axis(range(len(table))))(place, 0).fit(place, 0)
