import json
import logging

import numpy as np
import pytest

from fhr.calibration import Beta, Calibrator, RidgePlatt, VennAbers, calibrator_from_dict
from fhr.errors import CheckpointError, FHRError, OutcomeError
from fhr.metrics import auroc

KINDS = [RidgePlatt, Beta, VennAbers]
every_kind = pytest.mark.parametrize("kind", KINDS)


def births(n=200, positives=40, seed=0):
    y = np.arange(n) < positives
    return np.random.default_rng(seed).normal(size=n) + 1.2 * y, y.astype(int)


def test_every_kind_is_tested_here():
    assert set(Calibrator.__subclasses__()) == set(KINDS)
    assert [kind.kind for kind in KINDS] == ["ridge_platt", "beta", "venn_abers"]


@every_kind
def test_comes_back_from_plain_types_whatever_its_kind(kind):
    s, y = births()
    calibrator = kind().fit(s, y)
    state = json.loads(json.dumps(calibrator.to_dict()))
    again = calibrator_from_dict(state)
    assert type(again) is kind
    assert again.to_dict() == state
    np.testing.assert_array_equal(again(s), calibrator(s))
    np.testing.assert_array_equal(again.standardize(s), (s - s.mean()) / s.std())


def test_a_state_without_a_kind_is_a_ridge_platt():
    s, y = births()
    calibrator = RidgePlatt(2.0).fit(s, y)
    older = {key: value for key, value in calibrator.to_dict().items() if key != "kind"}
    for again in (RidgePlatt.from_dict(older), calibrator_from_dict(older)):
        np.testing.assert_array_equal(again(s), calibrator(s))


def test_a_state_of_another_kind_is_refused():
    state = Beta().fit(*births()).to_dict()
    with pytest.raises(CheckpointError, match="of the kind 'beta' was given to RidgePlatt, of the kind 'ridge_platt'"):
        RidgePlatt.from_dict(state)
    with pytest.raises(CheckpointError, match="kind 'isotonic'; this version knows beta, ridge_platt, venn_abers"):
        calibrator_from_dict({**state, "kind": "isotonic"})


@every_kind
def test_a_spoilt_state_is_refused(kind):
    state = kind().fit(*births()).to_dict()
    with pytest.raises(CheckpointError, match=r"has the keys .*; fit the calibrator again"):
        kind.from_dict({**state, "more": 1.0})
    for key, value in (("scale", 0.0), ("mean", float("inf")), ("mean", "low"), ("scale", None)):
        with pytest.raises(CheckpointError, match="is not one that fit makes"):
            kind.from_dict({**state, key: value})
    with pytest.raises(CheckpointError, match="is not one that fit makes"):
        kind.from_dict({**state, "made_for": {"hospital": "ours"}})


@every_kind
@pytest.mark.parametrize("unit", [1.0, 1e-4, 300.0])
def test_minus_predicted_ph_does_as_well_as_a_logit(kind, unit):
    s, y = births()
    np.testing.assert_allclose(kind().fit(unit * s - 7.2, y)(unit * s - 7.2), kind().fit(s, y)(s), atol=1e-9)


@every_kind
def test_the_order_is_kept(kind):
    s, y = births()
    calibrator = kind().fit(s, y)
    p = calibrator(np.sort(s))
    assert (np.diff(p) >= 0).all()
    assert ((p >= 0) & (p <= 1)).all()
    assert auroc(y, p[np.argsort(np.argsort(s))]) >= auroc(y, s) - 0.02  # ties of Venn-Abers count half


@every_kind
def test_a_ranking_is_never_reversed(kind, caplog):
    s, y = births()
    with caplog.at_level(logging.WARNING, logger="fhr"):
        p = kind().fit(-s, y)(np.sort(-s))
    assert "higher scores went with lower risk in these 200 records" in caplog.text
    assert "about the prevalence 0.2" in caplog.text
    assert (np.diff(p) >= 0).all()
    np.testing.assert_allclose(np.median(p), 0.2, atol=0.02)


@every_kind
def test_a_usual_fit_warns_of_nothing(kind, caplog):
    kind().fit(*births())
    kind().fit(np.ones(200), births()[1])
    assert caplog.text == ""


@every_kind
def test_a_constant_score_gets_the_prevalence(kind):
    calibrator = kind().fit(np.full(200, 0.1), births()[1])
    assert calibrator(0.1) == pytest.approx(0.2, abs=0.01)
    assert calibrator.standardize([0.1, 1.1]).tolist() == [0.0, 1.0]


@every_kind
def test_the_smallest_sample(kind):
    n, k = kind.min_records, kind.min_per_class
    kind().fit(*births(n, k))
    kind.check_sample([1] * k + [0] * (n - k))
    for labels in ([1] * (k - 1) + [0] * n, [0] * (k - 1) + [1] * n, [1] * k + [0] * (n - k - 1)):
        with pytest.raises(FHRError, match=f"too few to calibrate on; give at least {n} with {k} of each class"):
            kind.check_sample(labels)


@every_kind
def test_unfit_input_is_refused(kind):
    s, y = births()
    with pytest.raises(FHRError, match="1 of 200 scores are NaN or infinite"):
        kind().fit(np.where(np.arange(200) == 3, np.nan, s), y)
    with pytest.raises(FHRError, match="1 of 2 scores are NaN or infinite"):
        kind().fit(s, y)([np.nan, 1.0])
    with pytest.raises(OutcomeError, match="they must be 0 or 1"):
        kind().fit(s, y + 1)
    with pytest.raises(FHRError, match="rescale them to a usual range"):
        kind().fit(s * 1e300, y)
    for use in (kind().to_dict, lambda: kind().standardize([0.0]), lambda: kind().bind(label="ph<7.05")):
        with pytest.raises(FHRError, match=f"this {kind.__name__} is not fitted"):
            use()


@every_kind
def test_serves_only_what_it_was_made_for(kind):
    calibrator = kind().fit(*births())
    assert "made_for" not in calibrator.to_dict()
    calibrator.check(label="ph<7.05", model="any")  # bound to nothing, as in older files
    state = calibrator.bind(label="ph<=7.15", model="0f3a").to_dict()
    assert state["made_for"] == {"label": "ph<=7.15", "model": ["0f3a"]}
    for bound in (calibrator, calibrator_from_dict(json.loads(json.dumps(state)))):
        bound.check(label="ph<=7.15", model="0f3a")
        bound.check()
        with pytest.raises(CheckpointError, match=r"a calibrator of ph<=7.15 was given where ph<7.05 is predicted;"):
            bound.check(label="ph<7.05")
        with pytest.raises(CheckpointError, match="a calibrator of the model 0f3a was given to the model 77b1;"):
            bound.check(label="ph<=7.15", model="77b1")


def test_a_cross_fitted_calibrator_serves_each_of_its_models():
    s, y = births()
    calibrator = RidgePlatt().fit(s, y).bind(label="ph<7.05", model=("b", "a"))
    for model in "ab":
        calibrator.check(label="ph<7.05", model=model)
    with pytest.raises(CheckpointError, match="of the model a or b was given to the model c"):
        calibrator.check(model="c")
    calibrator.bind(label="ph<7.05").check(model="c")
    assert "made_for" not in calibrator.fit(s, y).to_dict()
