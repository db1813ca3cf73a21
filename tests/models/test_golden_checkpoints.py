"""Checkpoints that older versions wrote are read, and mean what they meant; those of newer ones are refused by name."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from golden.make_golden import predicted, recording

import fhr
from fhr.calibration import Recalibration
from fhr.errors import CheckpointError
from fhr.models import FORMAT, read_checkpoint, recalibrate_checkpoint

GOLDEN = Path(__file__).parent / "golden"

pytestmark = pytest.mark.training  # what one left


def same(found: object, kept: object) -> None:
    """Numbers within what another machine may differ by, everything else alike."""
    if isinstance(kept, dict):
        assert found.keys() == kept.keys()
        for key, value in kept.items():
            same(found[key], value)
    elif isinstance(kept, float) or (isinstance(kept, list) and kept and isinstance(kept[0], float)):
        assert found == pytest.approx(kept, abs=1e-4)
    else:
        assert found == kept


NAMES = [*(f"format{form}" for form in range(1, FORMAT + 1)), "format5_kinds", "format6_recalibrated"]


@pytest.mark.parametrize("name", NAMES)
def test_every_format_predicts_what_it_did(name):
    path, form = GOLDEN / f"{name}.ckpt", int(name[6])
    assert torch.load(path, weights_only=True)["fhr"]["format"] == form
    assert read_checkpoint(path)[0].format == form
    found, kept = predicted(path, form), json.loads(path.with_suffix(".json").read_text())
    if form in (
        4,
        6,
    ):  # the interval of any checkpoint is that of its calibration curve now, by random numbers of its own
        low, high, *_ = [table.pop(end) for table in (found, kept) for end in ("low", "high")]
        assert low < found["probability"] < high
        # The recording is further from the 40 training records than each of them is from the others.
        assert (found.pop("abstain"), kept.pop("abstain")) == (True, False)
    same(found, kept)


@pytest.mark.parametrize("name", NAMES)
def test_each_has_what_its_format_is_for(name):
    predictor, form = fhr.load(GOLDEN / f"{name}.ckpt"), int(name[6])
    card = predictor.cards[0]
    assert (card.features is not None) == (name in ("format2", "format5"))
    assert (card.scaling is not None) == (form == 2)
    assert card.kind == ("false_signal" if form == 3 else "classification")
    assert (card.confidence is not None) == (form in (4, 6))
    assert (card.recalibration is not None) == name.endswith("_recalibrated")
    assert (card.ranking is not None) == (name == "format6")
    assert (card.kinds is not None) == name.endswith("_kinds")


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("format3")])
def test_a_checkpoint_of_every_format_can_be_recalibrated(name, tmp_path):
    p = np.linspace(0.05, 0.95, 40)
    made = Recalibration.fit((p > 0.6).astype(int), p)
    path = recalibrate_checkpoint(GOLDEN / f"{name}.ckpt", made.to_dict(), ["a" * 64, "9" * 64], tmp_path / "new.ckpt")
    card, old = read_checkpoint(path)[0], read_checkpoint(GOLDEN / f"{name}.ckpt")[0]
    assert card.format == 6
    assert set(card.learnt_from) == {*old.learnt_from, "9" * 64}
    assert replace(card, recalibration=old.recalibration, learnt_from=old.learnt_from) == old
    form = int(name[6])
    before, after = fhr.load(GOLDEN / f"{name}.ckpt"), fhr.load(path)
    expected, found = (predictor.predict(recording(form)) for predictor in (before, after))
    assert found.score == expected.score
    if old.recalibration is None and expected.probability is not None:
        assert found.probability == pytest.approx(float(made.predict(expected.probability)))


def test_a_newer_format_is_refused_by_the_version_that_wrote_it(tmp_path):
    content = torch.load(GOLDEN / "format5_kinds.ckpt", weights_only=True)
    content["fhr"] |= {"format": FORMAT + 1, "version": "2.7.1", "news": torch.zeros(3)}
    torch.save(content, tmp_path / "new.ckpt")
    for read in (read_checkpoint, fhr.load):
        with pytest.raises(CheckpointError, match=r"format 7, .* reads formats 1 to 6; use the version .* \(2\.7\.1\)"):
            read(tmp_path / "new.ckpt")


def test_the_scaling_of_an_older_card_becomes_that_of_the_network():
    card, network = read_checkpoint(GOLDEN / "format2.ckpt")
    assert network.scaling_of_features.scaling.to_dict() == card.scaling
    _, newer = read_checkpoint(GOLDEN / "format5.ckpt")
    assert newer.scaling_of_features.scaling.to_dict() != card.scaling
