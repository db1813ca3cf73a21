"""Every kind of deceleration, drawn by hand against one contraction from 600 to 680 s with its peak at 640 s."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.errors import SignalError
from fhr.morphology.events import Events
from fhr.morphology.kinds_of_deceleration import deceleration_kinds

N_SECONDS = 1800
KNOWN = np.empty((0, 2))


def events(*rows, amplitude=25.0):
    """Events from (start, peak, end)."""
    start, peak, end = np.array(rows, dtype=float).reshape(-1, 3).T
    ones = np.ones(len(rows))
    return Events(start, end, peak, amplitude * ones, 100 * ones, 0 * ones)


CONTRACTION = events((600, 640, 680))


def judge(corners, **given):
    """The kind, contraction and lag of one deceleration, drawn as lines between (s, bpm below 140)."""
    found = both(corners, **given)
    return found.kind[0], found.contraction[0], found.lag[0]


def both(corners, *, contractions=CONTRACTION, uncertain=KNOWN, fs=4.0, noise=1.0, missing=()):
    """All that is said of it."""
    time = np.arange(round(N_SECONDS * fs)) / fs
    at, below = np.array(corners, dtype=float).T
    fhr = 140 - np.interp(time, at, below, 0, 0) + np.random.default_rng(0).normal(0, noise, len(time))
    for start, end in missing:
        fhr[round(start * fs) : round(end * fs)] = np.nan
    fall = events((at[0], at[np.argmax(below)], at[-1]), amplitude=below.max())
    return deceleration_kinds(fall, contractions, np.array(uncertain), fhr, np.full(len(fhr), 140.0), fs)


EARLY = [(602, 0), (640, 20), (678, 0)]
LATE = [(635, 0), (680, 25), (730, 0)]
VARIABLE = [(620, 0), (630, 40), (650, 42), (660, 0)]
V_SHAPE = [(625, 0), (640, 45), (655, 0)]
PROLONGED = [(630, 0), (640, 45), (800, 45), (830, 0)]
LATE_BY_THE_PEAK = [(610, 0), (665, 25), (710, 0)]  # begins with the contraction; its nadir is 25 s late
DEEP_WITH_THE_PEAK = [(602, 0), (640, 45), (678, 0)]
BEFORE_ITS_PEAK = [(570, 0), (610, 25), (675, 0)]  # the nadir is 30 s before the contraction's


@pytest.mark.parametrize("fs", [1.0, 2.0, 4.0, 8.0])
@pytest.mark.parametrize(
    ("corners", "kind", "figo_kind", "lag"),
    [
        (EARLY, "early", "early", 0),
        (LATE, "late", "late", 40),
        (VARIABLE, "variable", "variable", 10),
        (V_SHAPE, "variable", "variable", 0),
        (PROLONGED, "prolonged", "prolonged", np.nan),  # its nadir is 160 s after the peak
        (LATE_BY_THE_PEAK, "late", "unclassified", 25),
        (DEEP_WITH_THE_PEAK, "early", "unclassified", 0),
        (BEFORE_ITS_PEAK, "unclassified", "unclassified", -30),
    ],
)
def test_each_kind(corners, kind, figo_kind, lag, fs):
    if corners is PROLONGED:
        corners = [(630, 0), (640, 45), (800, 46), (830, 0)]
    found = both(corners, fs=fs)
    assert (found.kind[0], found.figo_kind[0], found.contraction[0]) == (kind, figo_kind, 0)
    assert found.lag[0] == pytest.approx(lag, nan_ok=True)


CRITERIA = {
    "FIGO: more than 30 s of fall": ([(630, 0), (658, 30), (684, 0)], [(630, 0), (663, 30), (684, 0)]),
    "FIGO: more than 30 s of return": ([(640, 0), (655, 30), (683, 0)], [(640, 0), (655, 30), (688, 0)]),
    "FIGO: more than 20 s after the onset": ([(618, 0), (660, 30), (700, 0)], [(623, 0), (660, 30), (700, 0)]),
    "FIGO: nadir after the peak": ([(622, 0), (638, 30), (690, 0)], [(622, 0), (642, 30), (690, 0)]),
    "FIGO: return after the end": ([(625, 0), (642, 30), (677, 0)], [(625, 0), (642, 30), (684, 0)]),
}


@pytest.mark.parametrize("criterion", CRITERIA)
def test_figo_is_late_just_above_each_limit_and_not_just_below(criterion):
    """FIGO 2015, doi:10.1016/j.ijgo.2015.06.020: gradual onset or return, and the three times of the contraction."""
    below, above = (both(corners, noise=0.3).figo_kind[0] for corners in CRITERIA[criterion])
    assert (below != "late", above) == (True, "late")


@pytest.mark.parametrize(("swing", "figo_kind"), [(4.0, "late"), (6.5, "variable")])
def test_figo_is_late_with_reduced_variability_within(swing, figo_kind):
    """A minute and a half on a floor between steep flanks, the bandwidth of which is just below and above 5 bpm."""
    time = np.arange(N_SECONDS * 4) / 4
    fhr = 140 - np.interp(time, [630, 640, 720, 735], [0, 30, 31, 0]) + swing / 2 * np.sin(2 * np.pi * time / 15)
    fall = events((630, 719, 735))
    found = deceleration_kinds(fall, CONTRACTION, KNOWN, fhr, np.full(len(fhr), 140.0), 4.0)
    assert found.kind[0] == "variable"
    assert found.figo_kind[0] == figo_kind
    assert (found.flattest[0] < 5) == (figo_kind == "late")


def test_nichd_late_and_early_part_15_s_after_the_peak():
    assert judge([(614, 0), (654, 25), (700, 0)], noise=0.3)[0] == "early"
    assert judge([(616, 0), (657, 25), (700, 0)], noise=0.3)[0] == "late"


@pytest.mark.parametrize("straight", [35.0, 50.0])
def test_the_fall_counts_from_the_true_onset(straight):
    """The event is found to begin where a fifth of the fall is over, and to end likewise."""
    time = np.arange(N_SECONDS * 4) / 4
    fhr = 140 - np.interp(time, [640, 640 + straight, 640 + 2 * straight], [0, 30, 0], 0, 0)
    fall = events((640 + straight / 5, 640 + straight, 640 + 1.8 * straight))
    found = deceleration_kinds(fall, CONTRACTION, KNOWN, fhr, np.full(len(fhr), 140.0), 4.0)
    assert found.shape.onset == pytest.approx(640, abs=1)
    assert found.shape.recovery == pytest.approx(640 + 2 * straight, abs=1)
    assert found.shape.fall[0] == pytest.approx([straight] * 2, abs=1.5)
    assert found.shape.back[0] == pytest.approx([straight] * 2, abs=1.5)
    assert found.kind[0] == found.figo_kind[0] == "late"


@pytest.mark.parametrize(("seconds", "kind"), [(20, "variable"), (26, "variable"), (34, "late"), (50, "late")])
def test_half_a_minute_parts_abrupt_from_gradual(seconds, kind):
    nadir = 690
    assert judge([(nadir - seconds, 0), (nadir, 30), (nadir + 40, 0)], noise=0.3)[0] == kind


def test_the_beginning_of_the_nadir_counts_not_its_lowest_point():
    """An abrupt fall to a floor that sinks slowly on for a minute."""
    assert judge([(640, 0), (655, 40), (715, 43), (735, 0)])[0] == "variable"


def test_a_slow_drift_before_the_fall_does_not_make_it_gradual():
    assert judge([(600, 0), (640, 3), (655, 45), (665, 45), (690, 0)])[0] == "variable"


@pytest.mark.parametrize(("length", "nichd", "figo"), [(118, 0, 0), (122, 1, 0), (178, 1, 0), (183, 1, 1)])
def test_two_and_three_minutes_are_prolonged(length, nichd, figo):
    for corners in (
        [(630, 0), (638, 45), (622 + length, 46), (630 + length, 0)],
        [(630, 0), (700, 45), (630 + length, 0)],
    ):
        found = both(corners, noise=0.3)
        assert (found.kind[0] == "prolonged", found.figo_kind[0] == "prolonged") == (nichd, figo)


@pytest.mark.parametrize(
    ("corners", "kind"),
    [(EARLY, "unclassified"), (LATE, "unclassified"), (VARIABLE, "variable"), (PROLONGED, "prolonged")],
)
@pytest.mark.parametrize(
    ("contractions", "uncertain"),
    [
        (events(), [[0.0, 1800.0]]),
        (events(), KNOWN),
        (CONTRACTION, [[600.0, 1800.0]]),
        (events((100, 140, 180)), KNOWN),
        (events((900, 940, 980)), KNOWN),
    ],
)
def test_without_a_contraction_only_the_shape_is_known(corners, kind, contractions, uncertain):
    found, row, lag = judge(corners, contractions=contractions, uncertain=uncertain)
    assert (found, row) == (kind, -1)
    assert np.isnan(lag)


def test_uc_that_is_missing_between_contraction_and_nadir_leaves_it_open():
    """Another contraction may have been there."""
    gradual = [(685, 0), (725, 25), (775, 0)]
    assert judge(gradual)[:2] == ("late", 0)
    assert judge(gradual, uncertain=[[690.0, 720.0]])[:2] == ("late", 0)
    assert judge(gradual, uncertain=[[665.0, 724.0]])[:2] == ("unclassified", -1)
    # By FIGO 2015 the shape alone makes it late where UC does not tell.
    assert both(gradual, uncertain=[[600.0, 724.0]]).figo_kind[0] == "late"
    assert both(gradual, contractions=events((100, 140, 180))).figo_kind[0] == "unclassified"


def test_the_lag_is_bounded():
    """A nadir more than 90 s after the peak is not that contraction's."""
    assert judge([(690, 0), (728, 25), (775, 0)])[:2] == ("late", 0)
    assert judge([(695, 0), (734, 25), (780, 0)])[:2] == ("unclassified", -1)


def test_the_contraction_is_the_last_that_began():
    train = events((500, 540, 580), (600, 640, 680), (700, 740, 780))
    assert judge(LATE, contractions=train)[1:] == (1, 40)
    assert judge([(690, 0), (740, 25), (780, 0)], contractions=train)[:2] == ("early", 2)
    # It begins 20 s before one contraction, long after another: the next one is its own.
    alone = events((400, 440, 480), (600, 640, 680))
    assert judge([(580, 0), (640, 25), (690, 0)], contractions=alone)[:2] == ("early", 1)


def test_missing_heart_rate_in_the_fall():
    """A gap over the fall of a gradual one leaves 12 to 60 s for it: either kind; a short gap leaves no doubt."""
    gradual = [(640, 0), (700, 30), (740, 0)]
    assert judge(gradual, missing=[(648, 660)])[0] == "late"
    assert judge(gradual, missing=[(642, 694)])[0] == "unclassified"
    assert judge(VARIABLE, missing=[(621, 629)])[0] == "variable"
    assert judge(gradual, missing=[(630, 745)])[0] == "unclassified"


def test_figo_calls_nothing_variable_of_which_a_flank_is_not_seen():
    """NICHD asks for the fall alone; the return may have been gradual."""
    found = both(VARIABLE, missing=[(652, 800)])
    assert np.isnan(found.shape.back[0]).all()
    assert (found.kind[0], found.figo_kind[0]) == ("variable", "unclassified")


def test_pushing_shares_one_contraction():
    """Three falls with the pushes of one contraction of the second stage are three variable ones of row 0."""
    time = np.arange(N_SECONDS * 4) / 4
    fhr = 140 - sum(np.interp(time, [s, s + 6, s + 12, s + 18], [0, 30, 30, 0]) for s in (605, 630, 655))
    falls = events((605, 612, 623), (630, 637, 648), (655, 662, 673))
    found = deceleration_kinds(falls, CONTRACTION, KNOWN, fhr, np.full(len(time), 140.0), 4.0)
    assert found.kind.tolist() == ["variable"] * 3
    assert found.contraction.tolist() == [0, 0, 0]
    assert found.lag.tolist() == [-28, -3, 22]


def test_no_deceleration():
    found = deceleration_kinds(events(), CONTRACTION, KNOWN, np.full(400, 140.0), np.full(400, 140.0), 4.0)
    assert [len(column) for column in (*found[:4], *found.shape, found.flattest)] == [0] * 9


@given(st.data())
def test_whatever_comes_in_has_a_kind(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    fs = data.draw(st.sampled_from([1.0, 4.0, 8.0]))
    n = int(900 * fs)
    fhr = 140 + np.cumsum(rng.normal(0, 1, n))
    fhr[rng.random(n) < rng.random()] = np.nan

    def some(count):
        start = np.sort(rng.uniform(0, 850, count))
        end = np.minimum(start + rng.uniform(15, 200, count), 900)
        return events(*zip(start, rng.uniform(start, end), end, strict=True))

    falls, contractions = some(rng.integers(0, 9)), some(rng.integers(0, 9))
    found = deceleration_kinds(falls, contractions, np.array([[0.0, rng.uniform(1, 800)]]), fhr, 0 * fhr + 140, fs)
    assert set(found.kind) <= {"early", "late", "variable", "prolonged", "unclassified"}
    assert ((found.contraction >= -1) & (found.contraction < len(contractions.start))).all()
    assert set(found.figo_kind) <= {"early", "late", "variable", "prolonged", "unclassified"}
    with_one = found.contraction >= 0
    assert np.isnan(found.lag[~with_one]).all()
    assert (found.lag[~np.isnan(found.lag)] <= 90).all()
    if len(contractions.start):
        lag = (falls.peak - contractions.peak[found.contraction.clip(0)])[with_one]
        assert found.lag[with_one] == pytest.approx(np.where(lag > 90, np.nan, lag), nan_ok=True)
    assert with_one[np.isin(found.kind, ["early", "late"])].all()
    assert with_one[found.figo_kind == "early"].all()
    length = found.shape.recovery - found.shape.onset
    assert (length >= falls.end - falls.start - 1e-9).all()
    assert ((found.kind == "prolonged") == (length >= 120)).all()
    assert ((found.figo_kind == "prolonged") == (length > 180)).all()
    assert (found.shape.fall[:, 0] <= found.shape.fall[:, 1])[~np.isnan(found.shape.fall[:, 0])].all()


def test_mistakes_are_named():
    with pytest.raises(SignalError, match=r"fhr has shape \(5,\), baseline \(4,\)"):
        deceleration_kinds(events(), events(), KNOWN, np.zeros(5), np.zeros(4), 4.0)
    with pytest.raises(SignalError, match=r"uc_uncertain has shape \(5,\)"):
        deceleration_kinds(events(), events(), np.zeros(5), np.zeros(5), np.zeros(5), 4.0)
