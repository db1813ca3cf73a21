from dataclasses import replace

import numpy as np
import pytest
from small_kernel_line import FEATURES, finished_card, kernel_line

from fhr.errors import CheckpointError
from fhr.prediction import Predictor
from fhr.recording import Clinical, Recording
from fhr.robustness import FeatureReader


def recording(name: str, parity: int) -> Recording:
    rng = np.random.default_rng(parity)
    fhr = 140 + np.cumsum(rng.normal(0, 0.1, 21 * 240))
    fhr[1000:1100], fhr[3001:3003] = np.nan, 190.0  # a spike, which cleaning takes away
    return Recording(name, fhr, np.full(len(fhr), 10.0), fs=4.0, clinical=Clinical(parity=parity))


def test_an_unchanged_trace_is_read_as_the_recording_and_a_changed_one_is_not_cleaned_again():
    predictor = Predictor([(finished_card(), kernel_line())])
    reader, given = FeatureReader(predictor), [recording("a", 0), recording("b", 2)]
    prepared = predictor.prepare(given)
    traces = reader.traces(prepared)
    np.testing.assert_array_equal(reader.features(traces), prepared.features)
    expected = [predictor.predict(one) for one in given]
    assert reader.verdicts(traces).at_risk.tolist() == [one.decision for one in expected]
    spiked = replace(traces, fhr=traces.fhr.clone())
    spiked.fhr[:, 2000:2008] = 200.0
    rows, changed = reader.features(traces), reader.features(spiked)
    loss = FEATURES.names.index("loss_20")
    assert (changed[:, loss] == rows[:, loss]).all()
    assert (changed[:, FEATURES.names.index("p95_20")] != rows[:, FEATURES.names.index("p95_20")]).all()
    lost = reader.features(replace(traces, measured=traces.measured * (np.arange(4800) >= 1200)))
    assert (lost[:, loss] > 0.24).all()


def test_a_model_that_reads_two_signals_is_refused():
    facts = {"set": (other := replace(FEATURES, steps=())).to_dict(), "checksum": other.checksum}
    with pytest.raises(CheckpointError, match=r"the model reads two signals, .*; train with one cleaning"):
        FeatureReader(Predictor([(finished_card(features=facts), kernel_line())]))
