from dataclasses import replace

import numpy as np
import pytest
import torch
from linear_reader import LinearReader, N, levels

from fhr.errors import FHRError
from fhr.robustness import stretch, stretch_votes


class MeanReader(LinearReader):
    """At risk where the mean of what was measured is 140 bpm or more, not where nothing was."""

    def scores(self, traces):
        known = traces.measured > 0
        assert (torch.isnan(traces.fhr) == ~known).all()  # no vote sees a bridged sample
        total = torch.where(known, traces.fhr, 0.0).double().sum(1) / known.sum(1).clamp(min=1)
        return total.numpy()[None]


def windows():
    """Mostly above, mostly below, in halves; a gap is bridged."""
    traces = levels(150.0, 130.0, 150.0)
    traces.fhr[0, :20], traces.fhr[1, :30], traces.fhr[2, 60:] = 120.0, 160.0, 120.0
    traces.fhr[:, 50:70] = 100.0
    return traces


def spoilt(traces, start, length, bpm):
    inside = stretch(traces, torch.full((3,), start), torch.full((3,), float(length)))
    if bpm is None:
        return replace(traces, measured=torch.where(inside, 0.0, traces.measured))
    return replace(traces, fhr=torch.where(inside, bpm, traces.fhr))


@pytest.mark.parametrize(("seen", "step"), [(10, 2), (15, 5), (1, 1)])
def test_no_block_beats_the_certificate_and_a_slightly_longer_one_does(seen, step):
    reader, traces = MeanReader(), windows()
    found = stretch_votes(reader, traces, seen=seen, step=step)
    assert found.at_risk.tolist()[:2] == [True, False]
    assert (found.sizes[:2] > 0).all()
    assert found.votes == N // step
    beaten = np.zeros(3, dtype=bool)
    for i, size in enumerate(found.sizes):
        for start in range(0, N, 11):
            for bpm in (0.0, 10.0**6, None):
                if size:
                    after = stretch_votes(reader, spoilt(traces, start, int(size), bpm), seen=seen, step=step)
                    assert after.at_risk[i] == found.at_risk[i]
                longer = int(size) + 2 * step + seen
                after = stretch_votes(reader, spoilt(traces, start, longer, bpm), seen=seen, step=step)
                beaten[i] |= after.at_risk[i] != found.at_risk[i]
    assert beaten[1:].all()  # what was lost in the gap spares the first window some


def test_each_sample_is_seen_equally_often():
    seen = []

    class Recorded(MeanReader):
        def scores(self, traces):
            seen.append((traces.measured > 0).sum(0))
            return super().scores(traces)

    whole = replace(levels(140.0), measured=torch.ones(1, N))
    whole.fhr[:] = 140.0
    found = stretch_votes(Recorded(), whole, seen=30, step=3)
    assert set(torch.stack(seen).sum(0).tolist()) == {10}
    assert found.share.tolist() == [1.0]
    assert found.sizes.tolist() == [((40 - 1) // 2) * 3 - 30 + 1]
    assert found.certificate("block_loss").sizes is found.sizes


def test_what_cannot_be_is_refused():
    for seen, step in ((120, 2), (0, 2), (10, 7), (10, 0)):
        with pytest.raises(FHRError, match=f"stretches of {seen} s every {step} s of windows of 120 s"):
            stretch_votes(MeanReader(), windows(), seen=seen, step=step)
    with pytest.raises(FHRError, match="votes of stretches against 'warp'; they tell of block_loss and wrong_rate"):
        stretch_votes(MeanReader(), windows(), seen=10, step=2).certificate("warp")
