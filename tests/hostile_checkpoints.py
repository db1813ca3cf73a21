"""What can be done to a checkpoint and to the plain form of a calibrator, and the verdict over what is read of it.

Shared by the tests and by `benchmarks/hostile_checkpoints.py`. A number names a case: it spoils the same file in the
same way.
"""

import copy
import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from math import inf, nan
from pathlib import Path
from typing import Any

import hostile
import numpy as np
import torch

import fhr
from fhr.calibration import ClassConditionalConformal, CrossConformal, calibrator_from_dict
from fhr.errors import FHRError
from fhr.recording import Recording

TESTS = Path(__file__).parent
FORMATS = (1, 2, 3, 4, 5)
ASKED = np.array([-1e308, -3.0, 0.0, 0.4, 2.0, 1e308])

Generator = np.random.Generator


def _deep(depth: int) -> list:
    nested: list = []
    for _ in range(depth):
        nested = [nested]
    return nested


def _laughs() -> list:
    """2^40 values in 40 lists."""
    nested: list = [1.0]
    for _ in range(40):
        nested = [nested, nested]
    return nested


def _own() -> list:
    own: list = [1.0]
    own.append(own)
    return own


PLAIN: tuple[Callable[[], Any], ...] = tuple(
    (lambda value=value: copy.deepcopy(value))
    for value in (
        *(
            None,
            True,
            False,
            -1,
            0,
            1,
            2,
            7,
            2**31,
            2**63,
            10**30,
            -(10**400),
            0.5,
            -0.0,
            nan,
            inf,
            -inf,
            1e308,
            1e-308,
        ),
        *("", "x", "1.0", "\x00", "\x1b[2J", "\ud800", "a" * 10_000, "fhr.models.InceptionNet", "os.system", "../x"),
        *([], [[]], [1.0, "x"], [nan], [1.0] * 1000, {}, {"kind": []}, {"a": {"b": 1}}, _deep(60)),
    )
)
BEYOND_PLAIN: tuple[Callable[[], Any], ...] = (_laughs, _own, lambda: torch.zeros(3), lambda: {1: 2})


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Where something stands in nested tables and lists, as deep as a card goes."""
    if len(path) == 8:
        return
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*path, key)
        yield from places(one, (*path, key))


def spoil(plain: dict, rng: Generator, values: tuple[Callable[[], Any], ...] = PLAIN) -> None:
    """Change one place: another value, none, one more, that of another place, a number that is moved."""
    everywhere = list(places(plain))
    # A long list is one of the places, not a thousand of them.
    depth = rng.integers(1, 1 + max(map(len, everywhere)))
    path = (chosen := [p for p in everywhere if len(p) == depth])[rng.integers(len(chosen))]
    holder = _at(plain, path[:-1])
    how = rng.integers(9)
    if how == 0:
        del holder[path[-1]]
    elif how == 1:
        holder[path[-1]] = copy.deepcopy(_at(plain, everywhere[rng.integers(len(everywhere))]))
    elif how == 2 and isinstance(holder, dict):
        holder[str(path[-1]) + "_"] = holder.pop(path[-1])
    elif how > 4 and isinstance(value := holder[path[-1]], int | float) and abs(value) < 1e300:
        moved = value * float(rng.choice([-1, 1e-6, 0.999, 3, 1e6, 1e300])) + int(rng.integers(-2, 3))
        holder[path[-1]] = round(moved) if isinstance(value, int) and np.isfinite(moved) else moved
    else:
        holder[path[-1]] = values[rng.integers(len(values))]()


def _at(plain: Any, path: tuple) -> Any:
    for key in path:
        plain = plain[key]
    return plain


@cache
def golden(form: int) -> bytes:
    """A checkpoint of this format."""
    return (TESTS / "models" / "golden" / f"format{form}.ckpt").read_bytes()


@cache
def recording(mhr: bool) -> Recording:
    """25 min, as the golden predictions are made of."""
    t = np.arange(25 * 240) / 4.0
    fhr_ = 140 + 6 * np.sin(t / 7)
    return Recording("formula", fhr_, 20 + 0 * t, fs=4.0, mhr=85 + 5 * np.sin(t / 11) if mhr else None)


def bytes_spoilt(data: bytes, rng: Generator) -> bytes:
    """Flipped, cut, moved or repeated bytes."""
    return hostile.spoil(data, rng, text=False)


def inside_spoilt(data: bytes, rng: Generator) -> bytes:
    """An entry of the archive is spoilt, and the archive made anew around it, with checksums that hold."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        pickles = [i for i, entry in enumerate(entries) if entry.filename.endswith("data.pkl")]
        chosen = pickles[0] if rng.random() < 0.7 else int(rng.integers(len(entries)))
        kind = zipfile.ZIP_DEFLATED if rng.random() < 0.05 else zipfile.ZIP_STORED
        with zipfile.ZipFile(out, "w", kind) as new:
            for i, entry in enumerate(entries):
                content = archive.read(entry)
                new.writestr(entry.filename, bytes_spoilt(content, rng) if i == chosen and content else content)
    return out.getvalue()


def content_spoilt(data: bytes, rng: Generator) -> bytes:
    """A field of the card, or a weight, is another; mostly with checksums that hold."""
    content = torch.load(io.BytesIO(data), weights_only=True)
    for _ in range(rng.integers(1, 3)):
        if rng.random() < 0.8:
            spoil(content["fhr"], rng, PLAIN + BEYOND_PLAIN)
        elif isinstance(content.get("state_dict"), dict) and content["state_dict"]:
            _spoil_weights(content["state_dict"], rng)
    if rng.random() < 0.8:
        _mend(content.get("fhr"))
    return saved(content)


def saved(content: Any) -> bytes:
    """As `torch.save` writes it."""
    out = io.BytesIO()
    torch.save(content, out)
    return out.getvalue()


def _spoil_weights(state: dict, rng: Generator) -> None:
    name = list(state)[rng.integers(len(state))]
    value = state[name]
    if not isinstance(value, torch.Tensor) or value.numel() > 10**6 or value.layout != torch.strided:
        return
    others: list[Any] = [
        *((torch.full_like(value, nan), torch.full_like(value, inf)) if value.is_floating_point() else ()),
        *(value[None], value.double(), value.to(torch.complex64), value.to(torch.int64), torch.zeros(0)),
        *(torch.zeros(()).expand(10**6, 10**6), torch.zeros(()).expand(value.shape), value.float().to_sparse()),
        *(None, 1.0, "x", [1.0]),
    ]
    how = rng.integers(len(others) + 2)
    if how < len(others):
        state[name] = others[how]
    elif how == len(others):
        del state[name]
    else:
        state[name + "_"] = state.pop(name)


def _mend(card: Any) -> None:
    """Make the checksums of a card hold, so that what they stand for is looked at."""
    from fhr.features import FeatureSet
    from fhr.models import CheckpointCard

    try:
        if card.get("features"):
            card["features"]["checksum"] = FeatureSet.from_dict(card["features"]["set"]).checksum
        if card.get("kind") != "false_signal":
            card["calibrator"]["made_for"] = {"model": [CheckpointCard.of({"fhr": card}, "").procedure]}
    except Exception:
        return


SPOILS = {"bytes": bytes_spoilt, "entry": inside_spoilt, "content": content_spoilt}


def spoilt_checkpoint(number: int) -> tuple[str, bytes]:
    """Kind of the damage, and the file of a case."""
    rng = np.random.default_rng(number)
    kind = rng.choice(list(SPOILS), p=[0.2, 0.2, 0.6])
    return str(kind), SPOILS[str(kind)](golden(int(rng.choice(FORMATS))), rng)


def verdict(path: Path) -> str:
    """`read` where a file predicts, `refused` where it is refused as a user's mistake; anything else is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numbers that overflow
        try:
            predictor = fhr.load(path)
            if hasattr(predictor, "thresholds"):
                found = predictor.false_signal_probability(recording(True))
                for one in (found.fhr, found.mhr):
                    _check_probability(one)
                return "read"
            prediction = predictor.predict(recording(False))
        except FHRError as error:
            str(error).encode()  # can be written to a terminal
            return "refused"
    for name in ("probability", "low", "high", "flip_rate", "distance"):
        if (value := getattr(prediction, name)) is not None:
            _check_probability(value)
    prediction.target.encode()
    return "read"


def _check_probability(p: Any) -> None:
    p = np.asarray(p, dtype=float)
    if not (np.isnan(p) | ((p >= 0) & (p <= 1))).all():
        raise AssertionError(f"{p} is no probability")


@cache
def _states() -> tuple[tuple[str, str], ...]:
    folder = TESTS / "calibration" / "golden"
    return tuple((p.stem, json.dumps(json.loads(p.read_text())["state"])) for p in sorted(folder.glob("*.json")))


def calibrator_verdict(number: int) -> str:
    """What becomes of a spoilt calibrator or conformal predictor, see `verdict`."""
    rng = np.random.default_rng(number)
    name, text = _states()[rng.integers(len(_states()))]
    state = json.loads(text)
    for _ in range(rng.integers(1, 3)):
        spoil(state, rng, PLAIN + BEYOND_PLAIN)
        if not state:
            break
    given = state if rng.random() < 0.95 else PLAIN[rng.integers(len(PLAIN))]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if name == "conformal":
                _check_probability(ClassConditionalConformal.from_dict(given).p_values(ASKED))
            elif name == "cross_conformal":
                again = CrossConformal.from_dict(given)
                _check_probability(again.p_values(np.stack([ASKED] * 3)))
            else:
                calibrator = calibrator_from_dict(given)
                calibrator.check(label="ph<7.05", model="a" * 64)
                _check_probability(calibrator.predict(ASKED))
        except FHRError as error:
            str(error).encode()
            return "refused"
    return "read"
