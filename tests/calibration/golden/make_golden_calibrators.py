"""Makes the plain form of every calibrator and conformal predictor, with what it says of some scores.

    git worktree add ../old da526dd && PYTHONPATH=../old python tests/calibration/golden/make_golden_calibrators.py
    git worktree add ../old 9848eca && PYTHONPATH=../old python tests/calibration/golden/make_golden_calibrators.py old

With `old`, the ridge-Platt calibrator of format 1, whose plain form has no kind. The files are never made anew: a
version that does not read them, or answers otherwise, breaks what people have kept.
"""

import json
import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
ASKED = [-3.0, -1.0, -0.25, 0.0, 0.3, 0.75, 1.5, 2.0, 4.0]


def sample(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(60) % 3 == 0
    return rng.normal(1.2 * labels, 1).round(3), labels.astype(int)


def keep(name: str, state: dict, **said: np.ndarray) -> None:
    content = {"state": state, "asked": ASKED, "said": {key: np.asarray(value).tolist() for key, value in said.items()}}
    (FOLDER / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")


def main(old: bool) -> None:
    import fhr.calibration as room

    if old:
        fitted = room.RidgePlatt().fit(*sample(1))
        return keep("ridge_platt_without_kind", fitted.to_dict(), predict=fitted.predict(ASKED))
    for calibrator in (room.RidgePlatt(2.0), room.Beta(), room.VennAbers()):
        fitted = calibrator.fit(*sample(1)).bind(label="ph<7.05", model="a" * 64)
        more = {"interval": fitted.interval(ASKED)} if isinstance(fitted, room.VennAbers) else {}
        keep(fitted.kind, fitted.to_dict(), predict=fitted.predict(ASKED), **more)
    split = room.ClassConditionalConformal().fit(*sample(2))
    keep("conformal", split.to_dict(), p_values=split.p_values(ASKED), sets=split.sets(ASKED, 0.2))
    cross = room.CrossConformal().fit(*zip(*(sample(k) for k in range(3)), strict=True))
    rows = np.stack([ASKED, np.add(ASKED, 0.1), np.subtract(ASKED, 0.1)])
    keep("cross_conformal", cross.to_dict(), p_values=cross.p_values(rows), sets=cross.sets(rows, 0.2))
    return None


if __name__ == "__main__":
    main("old" in sys.argv)
