"""The truth belongs to the recording that it is given with."""

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.morphology import find
from fhr.simulation import EVENT_KINDS, simulate_labours
from fhr.simulation.truth import TrueEvents, gathered, happening, stretches


@pytest.fixture(scope="module")
def labours():
    return list(simulate_labours(40, seed=31))


def test_what_is_shown_is_true_but_for_the_artefacts(labours):
    artefacts = 0
    for labour in labours:
        shown, truth = labour.recording.fhr, labour.truth
        assert truth.fs == labour.recording.fs
        assert len(truth.fhr) == len(truth.uc) == len(truth.baseline) == len(truth.artefact) == len(shown)
        assert np.isfinite(truth.fhr).all()
        np.testing.assert_array_equal(truth.artefact, np.isfinite(shown) & (shown != truth.fhr))
        artefacts += truth.artefact.sum()
        assert truth.severity == labour.recording.history[0].parameters["severity"]
    assert artefacts > 1000


def test_events_are_in_order_and_within_the_recording(labours):
    kinds = set()
    for labour in labours:
        events, end = labour.truth.events, labour.recording.duration
        assert (np.diff(events.start_s) >= 0).all()
        assert (events.start_s >= 0).all()
        assert (events.end_s <= end).all()
        assert (events.start_s < events.end_s).all()
        point = np.isfinite(events.extremum_s)
        inside = (events.start_s <= events.extremum_s) & (events.extremum_s <= events.end_s)
        assert inside[point].all()
        assert (np.isfinite(events.amplitude) == point).all()
        kinds |= set(events.kind)
    assert kinds <= set(EVENT_KINDS)
    assert kinds >= {"contraction", "acceleration", "variable", "late", "prolonged", "pushing", "quiet sleep"}


def test_contractions_of_the_truth_are_those_of_the_recording(labours):
    rises = []
    for labour in labours:
        uc, peaks = labour.recording.uc, labour.truth.events.of("contraction").extremum_s
        near = np.abs(np.arange(len(uc))[:, None] / 4 - peaks).min(axis=1)
        np.testing.assert_array_equal(
            labour.recording.stage2_start > 0, len(labour.truth.events.of("pushing").kind) > 0
        )
        rises.append(np.nanmean(uc[near < 10]) - np.nanmean(uc[near > 45]))
    assert np.median(rises) > 15


def test_a_detector_finds_the_events_of_the_truth(labours):
    """On the true signals, where nothing is lost: decelerations of 20 bpm and more, contractions, and the baseline."""
    hits = deep = found = right = peaks = seen = 0
    apart = []
    for labour in labours[:30]:
        truth = labour.truth
        there = find(truth.fhr, truth.uc, truth.fs)
        falls = truth.events.of("early", "late", "variable", "prolonged")
        large = falls.amplitude >= 20
        touch = (there.decelerations.start[:, None] < falls.end_s) & (there.decelerations.end[:, None] > falls.start_s)
        hits, deep = hits + touch.any(axis=0)[large].sum(), deep + large.sum()
        right, found = right + touch.any(axis=1).sum(), found + len(touch)
        contractions = truth.events.of("contraction")
        inside = np.abs(there.contractions.peak[:, None] - contractions.extremum_s) < 30
        peaks, seen = peaks + inside.shape[1], seen + inside.any(axis=0).sum()
        apart.append(np.median(np.abs(there.baseline - truth.baseline)))
    assert deep > 150
    assert hits / deep > 0.85
    assert right / found > 0.75
    assert seen / peaks > 0.95
    assert np.median(apart) < 4


def test_of_chooses_kinds_and_names_a_wrong_one(labours):
    events = labours[0].truth.events
    assert set(events.of("late", "variable").kind) <= {"late", "variable"}
    assert len(events.of(*EVENT_KINDS).kind) == len(events.kind)
    with pytest.raises(FHRError, match="kind='DEC' is no kind of event; give one of contraction, acceleration"):
        events.of("DEC")


def test_gathered_cuts_at_the_ends_and_sorts():
    one = TrueEvents(
        np.array(["late"] * 4, dtype=object),
        np.array([50.0, -10, -30, 90]),
        np.array([60.0, 5, -5, 120]),
        np.array([55.0, 1, -20, 110]),
        np.full(4, 20.0),
    )
    whole = gathered([one, stretches("quiet sleep", np.array([-5.0]), np.array([200.0]))], 100.0)
    # The third is before the recording; the fourth begins in it, but its nadir is beyond.
    assert whole.kind.tolist() == ["late", "quiet sleep", "late"]
    assert whole.start_s.tolist() == [0, 0, 50]
    assert whole.end_s.tolist() == [5, 100, 60]


def test_happening_marks_overlapping_events_once():
    events = stretches("pushing", np.array([1.0, 2.0, 8.0]), np.array([3.0, 4.0, 20.0]))
    np.testing.assert_array_equal(np.flatnonzero(happening(events, 10, 1.0)), [1, 2, 3, 8, 9])
