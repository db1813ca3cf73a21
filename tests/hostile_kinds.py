"""The table of what may come from a stranger or a hospital: valid seeds, how they are spoilt, what may come out.

What checkpoints need is imported when it is used, so that the memory of reading a recording can be told.
"""

import copy
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any

import hostile
import numpy as np
from hostile import BEYOND_PLAIN, PLAIN, Generator, Kind, Sample, of_files
from hostile_files import packed_samples
from scipy.io import savemat

import fhr
from fhr.datasets import CTUUHB, Database, FalseSignals, Measures, Splits, make_splits, read_measures
from fhr.errors import FHRError
from fhr.formats import (
    Annotation,
    read,
    read_fhrma_markers,
    read_wfdb_annotations,
    write_npz,
    write_table,
    write_wfdb,
)
from fhr.recording import Outcome, Provenance, Recording, Step

TESTS = Path(__file__).parent
FORMATS = (1, 2, 3, 4, 5)  # of checkpoints
_NOISE = np.random.default_rng(0)
SMALL = Recording(
    "r1",
    140 + _NOISE.normal(0, 5, 40).round(),
    20 + _NOISE.normal(0, 3, 40).round(),
    4.0,
    outcome=Outcome(ph=7.1),
    history=(Step("s", {"a": [1]}),),
    provenance=Provenance("synthetic", "gan (seed=1)", ("a" * 64, "1001")),
)


def samples_of(recording: Recording) -> dict[str, Sample]:
    """The recording in every format that is read, by a name for the format."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        header = write_wfdb(recording, folder)
        found = {"wfdb": Sample({p.name: p.read_bytes() for p in (header, header.with_suffix(".dat"))}, header.name)}
        files = {
            "csv": write_table(recording, folder / "a.csv").read_bytes(),
            "tsv": write_table(recording, folder / "a.tsv").read_bytes(),
            "npz": write_npz(recording, folder / "a.npz").read_bytes(),
        }
    rates, activity = np.nan_to_num(recording.fhr), np.nan_to_num(recording.uc)
    values = [f"{x:.1f};{y:.1f}\n".replace(".", ",") for x, y in zip(rates, activity, strict=True)]
    start = np.datetime64("2020-01-01T10:00", "ms")
    rows = [f"{start + np.timedelta64(round(1000 * i / recording.fs), 'ms')};{v}" for i, v in enumerate(values)]
    files["foreign.csv"] = ("time;FHR [bpm];toco\n" + "".join(rows)).encode()
    arrays = io.BytesIO()
    np.savez(arrays, fhr=rates, uc=activity, fs=recording.fs)
    files["foreign.npz"] = arrays.getvalue()
    columns = {"fhr": rates, "fs": recording.fs, "s": {"toco": activity, "mhr": rates}}
    versions: dict[str, dict[str, Any]] = {"5.mat": {}, "7.mat": {"do_compression": True}, "4.mat": {"format": "4"}}
    for label, options in versions.items():
        matlab: Any = io.BytesIO()
        savemat(matlab, {k: v for k, v in columns.items() if label != "4.mat" or k != "s"}, **options)
        files[label] = matlab.getvalue()
    stored = np.zeros(len(recording), "<u2,<u2,<u2,u1,u1")
    stored["f0"], stored["f2"], stored["f3"] = np.rint(4 * rates), 320, np.clip(2 * activity, 0, 255)
    files["fhrm"] = bytes([1, 2, 3, 4]) + stored.tobytes()
    files["fhr"] = bytes([1, 2, 3, 4]) + stored[["f0", "f1", "f3", "f4"]].astype("<u2,<u2,u1,u1").tobytes()
    analysed = np.zeros(len(recording), "<u2,<u2,<u2,u1,u1,<u2,<u2")  # with a cleaned rate and its baseline
    for name in stored.dtype.names or ():
        analysed[name] = stored[name]
    files |= {"rcf": files["fhr"], "rcfm": files["fhrm"], "rcfa": bytes([1, 2, 3, 4]) + analysed.tobytes()}
    for label, data in files.items():
        target = f"a.{label.rpartition('.')[2]}"
        found[label] = Sample({target: data}, target)
    return found | packed_samples(recording)


def check_recording(recording: Recording) -> None:
    """What every room above relies on."""
    assert 1 <= len(recording) <= 4 * 3600 * 24 * 14
    for values in (recording.fhr, recording.uc, recording.mhr):
        assert values is None or (values.dtype == np.float32 and len(values) == len(recording))
        assert values is None or not np.isinf(values).any()
    assert isfinite(recording.duration)
    assert recording.duration > 0
    assert not np.isinf(recording.stage2_start)
    assert recording.provenance == Provenance(**asdict(recording.provenance))
    database = Database([recording], origin="hostile")
    assert not np.isinf(database.outcomes.to_numpy()).any()
    assert len(database.checksum) == 64
    with tempfile.TemporaryDirectory() as folder, suppress(FHRError):
        write_wfdb(replace(recording, name="r"), folder)


@cache
def small_samples() -> dict[str, Sample]:
    """`SMALL` in every format."""
    return samples_of(SMALL)


def _list_of_records() -> list[Sample]:
    with tempfile.TemporaryDirectory() as name:
        for record in ("r1", "r2"):
            write_wfdb(replace(SMALL, name=record), name)
        return [Sample({"RECORDS": b"r1\nr2\n"}, "", {path.name: path.read_bytes() for path in Path(name).iterdir()})]


def _marks() -> list[Sample]:
    stored = np.zeros(800, "<u2,<u2,<u2,u1,u1")
    stored["f0"], stored["f2"], stored["f3"] = 4 * 140, 4 * 85, 40
    name = "DopMHRTrain0000.fhrm"
    tables = {
        "recordings.csv": f"file,dataset,stage2_start_sample\n{name},DopMHRTrain,400\n".encode(),
        "annotations.csv": (
            "file,dataset,channel,label,start_sample,end_sample\n"
            f"{name},DopMHRTrain,fhr,false,100,300\n{name},DopMHRTrain,mhr,true,1,700\n"
        ).encode(),
    }
    return [Sample(tables, "", {name: (1_500_000_000).to_bytes(4, "little") + stored.tobytes()})]


def _outcomes() -> list[Sample]:
    rows = "".join(f"r{i};7,{10 + i};{i + 2},5;{i % 10}\n" for i in range(20))
    return [Sample({"outcomes.csv": ("record;pH;BDecf;Apgar 5\n" + rows).encode()}, "outcomes.csv")]


def _check_measures(measures: Measures) -> None:
    assert all(isfinite(value) for row in measures.values.values() for value in row.values())
    assert not set(measures.values) & set(measures.unusable)


def _markers() -> list[Sample]:
    text = "0000000 £Red=Doppler\n0000012 $ ACC 20\n0000040 examined\rby two\n0000060 £Expulsion\n"
    return [Sample({name: text.encode()}, name) for name in ("a.fhrh", "a.marks")]


def _check_annotations(found: list[Annotation]) -> None:
    for one in found:
        assert isfinite(one.start_s)
        assert one.duration_s >= 0
        assert isinstance(one.text, str)


def _annotations() -> list[Sample]:
    import wfdb

    with tempfile.TemporaryDirectory() as name:
        header = write_wfdb(SMALL, name)
        times, symbols, notes = np.array([0, 4, 20, 36]), ["N", '"', "V", '"'], ["", "examined", "", "pushing"]
        wfdb.wrann("r1", "atr", times, symbol=symbols, aux_note=notes, write_dir=name)  # the header has the rate
        files = {path.name: path.read_bytes() for path in (header, Path(name, "r1.atr"))}
    return [Sample(files, "r1.atr")]


def _split_files() -> list[Sample]:
    births = [replace(SMALL, name=f"r{i}", fhr=SMALL.fhr + i, outcome=Outcome(ph=7.0 + 0.02 * i)) for i in range(20)]
    with tempfile.TemporaryDirectory() as name:
        path = make_splits(Database(births, origin="x"), n_repeats=1, n_folds=5).save(Path(name, "splits.json"))
        return [Sample({path.name: path.read_bytes()}, path.name)]


@cache
def golden(form: int) -> bytes:
    """A checkpoint of this format."""
    return (TESTS / "models" / "golden" / f"format{form}.ckpt").read_bytes()


@cache
def long_recording(mhr: bool) -> Recording:
    """25 min, as the golden predictions are made of."""
    t = np.arange(25 * 240) / 4.0
    fhr_ = 140 + 6 * np.sin(t / 7)
    return Recording("formula", fhr_, 20 + 0 * t, fs=4.0, mhr=85 + 5 * np.sin(t / 11) if mhr else None)


def _bytes_spoilt(data: bytes, rng: Generator) -> bytes:
    return hostile.spoil(data, rng, text=False)


def _entry_spoilt(data: bytes, rng: Generator) -> bytes:
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
                new.writestr(entry.filename, _bytes_spoilt(content, rng) if i == chosen and content else content)
    return out.getvalue()


def _content_spoilt(data: bytes, rng: Generator) -> bytes:
    """A field of the card, or a weight, is another; mostly with checksums that hold."""
    import torch

    content = torch.load(io.BytesIO(data), weights_only=True)
    for _ in range(rng.integers(1, 3)):
        if rng.random() < 0.8:
            hostile.spoil_plain(content["fhr"], rng, PLAIN + BEYOND_PLAIN + (lambda: torch.zeros(3),))
        elif isinstance(content.get("state_dict"), dict) and content["state_dict"]:
            _spoil_weights(content["state_dict"], rng)
    if rng.random() < 0.8:
        _mend(content.get("fhr"))
    return saved(content)


def saved(content: Any) -> bytes:
    """As `torch.save` writes it."""
    import torch

    out = io.BytesIO()
    torch.save(content, out)
    return out.getvalue()


def _spoil_weights(state: dict, rng: Generator) -> None:
    import torch

    name = list(state)[rng.integers(len(state))]
    value = state[name]
    if not isinstance(value, torch.Tensor) or value.numel() > 10**6 or value.layout != torch.strided:
        return
    nan, inf = float("nan"), float("inf")
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

    with suppress(Exception):
        if card.get("features"):
            card["features"]["checksum"] = FeatureSet.from_dict(card["features"]["set"]).checksum
        if card.get("kind") != "false_signal":
            card["calibrator"]["made_for"] = {"model": [CheckpointCard.of({"fhr": card}, "").procedure]}


def predict(path: Path) -> None:
    """Load a checkpoint and predict; what it says are probabilities."""
    predictor = fhr.load(path)
    if hasattr(predictor, "thresholds"):
        found = predictor.false_signal_probability(long_recording(True))
        _check_probability(found.fhr)
        _check_probability(found.mhr)
        return
    prediction = predictor.predict(long_recording(False))
    for name in ("probability", "low", "high", "flip_rate", "distance"):
        if (value := getattr(prediction, name)) is not None:
            _check_probability(value)
    prediction.target.encode()


def _check_probability(p: Any) -> None:
    p = np.asarray(p, dtype=float)
    if not (np.isnan(p) | ((p >= 0) & (p <= 1))).all():
        raise AssertionError(f"{p} is no probability")


def _checkpoints(spoil: Callable[[bytes, Generator], bytes]) -> Kind:
    return Kind(
        lambda: [Sample({"a.ckpt": golden(form)}, "a.ckpt") for form in FORMATS],
        lambda sample, rng: sample._replace(files={"a.ckpt": spoil(sample.files["a.ckpt"], rng)}),
        lambda sample, folder: predict(sample.write(folder)),
    )


@cache
def _arrays() -> bytes:
    """A checkpoint of arrays, as a fit writes it."""
    from small_kernel_line import finished_card, kernel_line

    from fhr.models import pack_model

    return pack_model(finished_card(), kernel_line())


@cache
def _fusion() -> bytes:
    """A checkpoint of a fusion of two kernel lines, calibrated."""
    from small_kernel_line import bare_card, finished_card, kernel_line

    from fhr.calibration import calibrator_from_dict
    from fhr.models import Scale, finish_checkpoint, pack_fusion, pack_model, read_checkpoint

    parts = [(bare_card(), pack_model(bare_card(), kernel_line(k))) for k in range(2)]
    finished = finished_card()
    with tempfile.TemporaryDirectory() as name:
        draft, out = Path(name, "a.npz"), Path(name, "b.npz")
        draft.write_bytes(pack_fusion(parts, Scale((0.0, 0.0), (1.0, 1.0), (0.5, 0.5))))
        calibrator = calibrator_from_dict(finished.calibrator or {})
        calibrator.bind(label=finished.target, model=read_checkpoint(draft)[0].procedure)
        finish_checkpoint(draft, calibrator.to_dict(), out, confidence=finished.confidence)
        return out.read_bytes()


def _card_spoilt(sample: Sample, rng: Generator) -> Sample:
    """A field of the card is another, mostly with checksums that hold."""
    with np.load(io.BytesIO(sample.files["a.npz"])) as archive:
        arrays = {name: archive[name] for name in archive.files}
    plain = json.loads(arrays["card"].tobytes())
    for _ in range(rng.integers(1, 3)):
        hostile.spoil_plain(plain, rng, PLAIN)
    if rng.random() < 0.8:
        _mend(plain)
    text = json.dumps(plain).encode(errors="surrogatepass")
    spoilt = io.BytesIO()
    np.savez(spoilt, **arrays | {"card": np.frombuffer(text, np.uint8)})
    return sample._replace(files={"a.npz": spoilt.getvalue()})


def _checkpoints_of_arrays(spoil: Callable[[Sample, Generator], Sample]) -> Kind:
    return Kind(
        lambda: [Sample({"a.npz": content()}, "a.npz") for content in (_arrays, _fusion)],
        spoil,
        lambda sample, folder: predict(sample.write(folder)),
    )


@cache
def exported(form: int) -> bytes:
    """An exported run with a checkpoint of this format."""
    from fhr.formats import write_run_file
    from fhr.tracking import KeptRun

    with tempfile.TemporaryDirectory() as name:
        checkpoint = Path(name, "a.ckpt")
        checkpoint.write_bytes(golden(form))
        files = {"checkpoints/a.ckpt": checkpoint}
        run = KeptRun(
            "a1", "", "fits", "fit", "FINISHED", 0, 1, {"fold": "0"}, {"target": "ph"}, (("x", 0, 0, 1.0),), files
        )
        return write_run_file(Path(name, "a.fhrrun"), [run]).read_bytes()


def _export_spoilt(sample: Sample, rng: Generator) -> Sample:
    """Bytes are others; or the list of runs, or the checkpoint, is, with checksums that hold."""
    from fhr.formats.archives.sealed_archive import write_sealed

    data = sample.files["a.fhrrun"]
    if rng.random() < 0.4:
        return sample._replace(files={"a.fhrrun": _bytes_spoilt(data, rng)})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name != "contents.json"}
    if rng.random() < 0.5:
        plain = json.loads(members["runs.json"])
        hostile.spoil_plain(plain, rng, PLAIN)
        members["runs.json"] = json.dumps(plain).encode(errors="surrogatepass")
    else:
        members["a1/artifacts/checkpoints/a.ckpt"] = _entry_spoilt(members["a1/artifacts/checkpoints/a.ckpt"], rng)
    with tempfile.TemporaryDirectory() as name:
        made = write_sealed(Path(name, "a"), "exported run", 1, members.items()).read_bytes()
    return sample._replace(files={"a.fhrrun": made})


@cache
def _calibrators() -> list[tuple[str, Any]]:
    paths = sorted((TESTS / "calibration" / "golden").glob("*.json"))
    return [(path.stem, json.loads(path.read_text())["state"]) for path in paths]


def _spoil_calibrator(seed: tuple[str, Any], rng: Generator) -> tuple[str, Any]:
    name, state = seed[0], copy.deepcopy(seed[1])
    for _ in range(rng.integers(1, 3)):
        hostile.spoil_plain(state, rng, PLAIN + BEYOND_PLAIN)
        if not state:
            break
    return name, state if rng.random() < 0.95 else PLAIN[rng.integers(len(PLAIN))]()


def _calibrate(seed: tuple[str, Any], _: Path) -> None:
    from fhr.calibration import ClassConditionalConformal, CrossConformal, calibrator_from_dict

    name, state = seed
    asked = np.array([-1e308, -3.0, 0.0, 0.4, 2.0, 1e308])
    if name == "conformal":
        _check_probability(ClassConditionalConformal.from_dict(state).p_values(asked))
    elif name == "cross_conformal":
        _check_probability(CrossConformal.from_dict(state).p_values(np.stack([asked] * 3)))
    else:
        calibrator = calibrator_from_dict(state)
        calibrator.check(label="ph<7.05", model="a" * 64)
        _check_probability(calibrator.predict(asked))


def recordings(samples: list[Sample], reader: Callable[[Path], Recording] = read) -> Kind:
    """Files of recordings."""
    return of_files(lambda: samples, reader, check_recording)


CHECKPOINTS = {
    "checkpoint, bytes": _checkpoints(_bytes_spoilt),
    "checkpoint, entry": _checkpoints(_entry_spoilt),
    "checkpoint, content": _checkpoints(_content_spoilt),
    "checkpoint of arrays": _checkpoints_of_arrays(hostile.spoil_sample),
    "checkpoint of arrays, card": _checkpoints_of_arrays(_card_spoilt),
    "checkpoint of an exported run": Kind(
        lambda: [Sample({"a.fhrrun": exported(form)}, "a.fhrrun") for form in FORMATS[-1:]],
        _export_spoilt,
        lambda sample, folder: predict(sample.write(folder)),
    ),
    "calibrator": Kind(_calibrators, _spoil_calibrator, _calibrate),
}
KINDS: dict[str, Kind] = {
    **{label: recordings([sample]) for label, sample in small_samples().items()},
    "RECORDS": of_files(cache(_list_of_records), CTUUHB, lambda database: len(database.checksum)),
    "marks": of_files(cache(_marks), FalseSignals, lambda database: len(database.checksum)),
    "outcomes": of_files(cache(_outcomes), read_measures, _check_measures),
    "markers": of_files(cache(_markers), read_fhrma_markers, _check_annotations),
    "annotations": of_files(cache(_annotations), read_wfdb_annotations, _check_annotations),
    "splits": of_files(cache(_split_files), Splits.load, lambda splits: splits.partition(0, 0, 0)),
    **CHECKPOINTS,
}
