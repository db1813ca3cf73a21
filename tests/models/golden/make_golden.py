"""Makes one checkpoint of each format, with what the version that wrote it predicts from it.

Each file was written by a version that knew of no later format, from a work tree of its commit:

    git worktree add ../old 9848eca && PYTHONPATH=../old python tests/models/golden/make_golden.py 1
    git worktree add ../old f4b9c13 && PYTHONPATH=../old python tests/models/golden/make_golden.py 2
    git worktree add ../old 55a5c8d && PYTHONPATH=../old python tests/models/golden/make_golden.py 3
    git worktree add ../old da526dd && PYTHONPATH=../old python tests/models/golden/make_golden.py 4
    git worktree add ../old bd2c2b4 && PYTHONPATH=../old python tests/models/golden/make_golden.py 5 kinds
    git worktree add ../old f0efee4 && PYTHONPATH=../old python tests/models/golden/make_golden.py 5
    python tests/models/golden/make_golden.py 6 recalibrated  # the checkpoint of format 4, recalibrated
    git worktree add ../old cc6840d && PYTHONPATH=../old python tests/models/golden/make_golden.py 6

They are never made anew: a version that does not read them, or predicts something else, breaks what people have kept.
The networks are tiny and were not trained, the recording is a formula.
"""

import json
import sys
from pathlib import Path

import numpy as np

from fhr.recording import Recording

FOLDER = Path(__file__).parent


def recording(form: int) -> Recording:
    """25 min at 4 Hz: two rhythms, a deceleration, a gap, contractions, and for a false-signal network MHR."""
    t = np.arange(25 * 240) / 4.0
    fhr = 140 + 6 * np.sin(t / 7) + 3 * np.cos(t / 1.9) - 35 * np.exp(-(((t - 1100) / 25) ** 2))
    fhr[4100:4200] = np.nan
    uc = 20 + 30 * np.clip(np.sin(t / 25), 0, None)
    mhr = 85 + 5 * np.sin(t / 11)
    fhr[2000:2300] = mhr[2000:2300] + 0.5
    return Recording("formula", fhr, uc, fs=4.0, mhr=mhr if form == 3 else None)


def predicted(path: Path, form: int) -> dict:
    """What a prediction says, in plain types."""
    import fhr

    predictor = fhr.load(path)
    if form == 3:
        found = predictor.false_signal_probability(recording(form))
        return {"fhr": found.fhr[::600].tolist(), "mhr": found.mhr[::600].tolist()}
    prediction = predictor.predict(recording(form))
    plain = {"score": prediction.score, "probability": prediction.probability}
    if form in (4, 6):
        plain |= {name: getattr(prediction, name) for name in ("low", "high", "decision", "distance", "abstain")}
        plain["sets"] = {str(level): held for level, held in prediction.sets.items()}
    if predictor.cards[0].kinds is not None:
        plain["warnings"] = list(prediction.warnings)
    return json.loads(json.dumps(plain))


def recalibrate() -> None:
    from fhr.calibration import Recalibration
    from fhr.models import recalibrate_checkpoint

    rng = np.random.default_rng(6)
    p = 1 / (1 + np.exp(-rng.normal(-0.7, 0.8, 80)))
    made = Recalibration.fit((rng.random(80) < p**1.5).astype(int), p, seed=6)
    out = FOLDER / "format6_recalibrated.ckpt"
    recalibrate_checkpoint(FOLDER / "format4.ckpt", made.to_dict(), ["f" * 64], out)
    out.with_suffix(".json").write_text(json.dumps(predicted(out, 6), indent=1) + "\n")


def make(form: int, part: str = "") -> None:
    if part == "recalibrated":
        recalibrate()
        return
    import torch

    import fhr
    from fhr.models import CheckpointCard, InceptionNet
    from fhr.preprocessing import Pipeline

    rng = np.random.default_rng(form)
    labels = np.arange(60) % 3 == 0
    scores = rng.normal(1.5 * labels, 1)
    torch.manual_seed(form)
    network = InceptionNet(n_filters=2, kernel_sizes=[3], depth=2, stride=4)
    more: dict = {}
    pipeline, target = Pipeline(minutes=20).to_dict(), "ph<=7.15"
    if form == 3:
        from fhr.calibration import Thresholds
        from fhr.models import FalseSignalNet
        from fhr.preprocessing import FalseSignalInput

        network = FalseSignalNet(widths=[4, 4], kernel_size=3, depth=1, hidden=2)
        pipeline, target = FalseSignalInput().to_dict(), "false signal"
        calibrator = Thresholds(0.4, 0.6)
        more = {"kind": "false_signal"}
    else:
        from fhr.calibration import RidgePlatt

        calibrator = RidgePlatt().fit(scores, labels)
    if form in (2, 5):
        from fhr.features import FeatureScaling, FeatureSet

        features = FeatureSet(groups=("multiscale", "scalar"), minutes=20)
        row = features(recording(form))
        scaling = FeatureScaling.fit(row + rng.normal(0, 0.1, (30, len(row))))
        network = InceptionNet(n_filters=2, kernel_sizes=[3], depth=2, stride=4, n_features=len(row), feature_width=2)
        more = {"features": {"set": features.to_dict(), "checksum": features.checksum}}
        if form == 2:  # where the card holds it, not the network
            more["scaling"] = scaling.to_dict()
    if form in (4, 6):
        import pandas as pd

        from fhr.calibration import TYPICAL_STATISTICS, Beta, Reference, typicality

        calibrator = Beta().fit(scores, labels)
        names = [f"r{i}" for i in range(60)]
        held_out = pd.DataFrame({"name": names, "inner": 3, "member": 0, "score": scores})
        usual = rng.normal([1, 140, 0.05, -12, 10, 140], [0.3, 8, 0.02, 3, 3, 8], (40, 6))
        statistics = pd.DataFrame(usual, columns=TYPICAL_STATISTICS)
        if form == 6:
            statistics[list(typicality.UC_STATISTICS)] = rng.normal([3.4, 2.7, 3.9, 0.1], 0.2, (40, 4))
        reference = Reference.of(held_out, pd.Series(labels.astype(int), names), statistics, calibrator)
        more = {"confidence": reference.to_dict(), "member": 0}
        if form == 6:
            more["ranking"] = {"of": "out_of_fold_auroc", "value": 0.7, "low": 0.6, "high": 0.8, "n": 60}
    for value in network.state_dict().values():  # running statistics that are not those of no training
        if value.is_floating_point():
            value += 0.05 * torch.rand_like(value)
    if form == 5 and part != "kinds":
        network.take_scaling(scaling)
    if part == "kinds":
        more = {
            "kinds": {"measured": 40, "synthetic": 20},
            "made_by": ("iaaft(seed=1)",),
            "fitted_to": ("c" * 64, "1001"),
        }
    card = CheckpointCard(
        network=network.specification,
        pipeline=pipeline,
        target=target,
        prevalence=1 / 3,
        learnt_from=("a" * 64, "b" * 64),
        data="d" * 64,
        splits="e" * 64,
        fold=(1, 2, 3),
        epochs=4,
        calibrator=None,
        version=fhr.__version__,
        **more,
    )
    if hasattr(card, "procedure") and form != 3:
        calibrator.bind(label=target, model=card.procedure)
    from dataclasses import replace

    card = replace(card, calibrator=calibrator.to_dict())
    checkpoint = {
        "state_dict": {f"model.{key}": value for key, value in network.state_dict().items()},
        "epoch": 3,
        "global_step": 12,
        "pytorch-lightning_version": "2.6.0",
    }
    card.write(checkpoint)
    if checkpoint["fhr"]["format"] != form:
        raise SystemExit(f"this version writes format {checkpoint['fhr']['format']}, not {form}")
    path = FOLDER / f"format{form}{'_' * bool(part)}{part}.ckpt"
    torch.save(checkpoint, path)
    path.with_suffix(".json").write_text(json.dumps(predicted(path, form), indent=1) + "\n")


if __name__ == "__main__":
    make(int(sys.argv[1]), *sys.argv[2:])
