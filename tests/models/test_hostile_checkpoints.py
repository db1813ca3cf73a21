"""A checkpoint from anywhere predicts or is refused: nothing of it is run, and it takes little memory."""

import io
import os
import pickle
import sys
import tarfile
import zipfile
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

import hostile
import pytest
import torch
from hostile_kinds import golden, long_recording, predict, saved

import fhr
from fhr.errors import CheckpointError
from fhr.models import InceptionNet, finish_checkpoint, read_checkpoint, rebuild


class Malice:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path),)


class Counting(InceptionNet):
    """Looks at its own first values."""

    def __init__(self) -> None:
        super().__init__(n_filters=2, kernel_sizes=(3,), depth=1)
        self.norm = float(next(self.parameters()).detach().abs().sum())


class Calls:
    """A call of something that torch takes for harmless."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple:
        return self.call  # type: ignore[return-value]


def content(form: int = 1) -> dict:
    return torch.load(io.BytesIO(golden(form)), weights_only=True)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "hostile.ckpt"
    path.write_bytes(data)
    return path


def refused(path: Path, message: str) -> None:
    for read in (read_checkpoint, fhr.load):
        with pytest.raises(CheckpointError, match=message):
            read(path)


def malicious(how: str, trap: Path) -> bytes:
    out = io.BytesIO()
    if how == "pickle":
        return pickle.dumps(Malice(trap))
    if how == "tar":
        data = pickle.dumps(Malice(trap), protocol=2)
        with tarfile.open(fileobj=out, mode="w") as archive:
            for name in ("sys_info", "pickle", "storages", "tensors"):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        return out.getvalue()
    torch.save({**content(), "extra": Malice(trap)}, out, _use_new_zipfile_serialization=how == "zip")
    return out.getvalue()


@pytest.mark.parametrize("how", ["pickle", "tar", "legacy", "zip"])
def test_nothing_of_a_pickle_is_run(tmp_path, how):
    trap = tmp_path / "trap"
    path = written(tmp_path, malicious(how, trap))
    refused(path, "nothing was run, do not use this file" if how == "zip" else "not a checkpoint")
    with pytest.raises(CheckpointError):
        finish_checkpoint(path, None, tmp_path / "out.ckpt")
    assert [p.name for p in tmp_path.iterdir()] == ["hostile.ckpt"]
    if how in ("legacy", "zip"):  # the trap works
        torch.load(path, weights_only=False)
        assert trap.is_dir()


def deflated(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in archive.infolist():
            new.writestr(entry.filename, archive.read(entry))
    return out.getvalue()


def with_pickle(*parts: bytes) -> bytes:
    """A checkpoint whose pickle is a list of these opcodes."""
    pickled = b"\x80\x02]" + b"".join(parts) + b"."
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(golden(1))) as archive, zipfile.ZipFile(out, "w") as new:
        for entry in archive.infolist():
            new.writestr(entry.filename, pickled if entry.filename.endswith("data.pkl") else archive.read(entry))
    return out.getvalue()


ORDERED = b"ccollections\nOrderedDict\n"
LARGE = b"}q\x00(" + b"".join(b"K%cN" % i for i in range(256)) * 8 + b"u"  # a dictionary, remembered as 0
CALL = b"ctorch._utils\n_rebuild_tensor_v2\nq\x00(NNNNNNtq\x01R" + b"h\x00h\x01Ra" * 9
BOMBS = {
    "bytes without end": (saved({"a": Calls(bytearray, 10**13)}), r"it names '(builtins|__builtin__).bytearray'"),
    "a set": (saved({"a": {1, 2}}), r"it names '(builtins|__builtin__).set'"),
    "compressed zeros": (deflated(saved({"a": torch.zeros(10**6)})), "an entry is compressed or encrypted"),
    "copies by a call": (with_pickle(LARGE, (ORDERED + b"h\x00\x85Ra") * 100), "it holds a call that no"),
    "copies by a marked call": (with_pickle(LARGE, (ORDERED + b"(h\x00tRa") * 100), "it holds a call that no"),
    "copies by a state": (with_pickle(LARGE, (ORDERED + b")Rh\x00ba") * 300), "copies without end"),
    "one tensor over and over": (with_pickle(b"", CALL), "it holds a call that no"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_cannot_ask_for_much(tmp_path, name):
    data, message = BOMBS[name]
    refused(written(tmp_path, data), message)


def test_copies_that_torch_makes_itself_are_read(tmp_path):
    """The attribute of a dictionary of weights is written as a state; so is what several weights share."""
    given = content()
    given["state_dict"] = OrderedDict(given["state_dict"])
    given["state_dict"]._metadata = OrderedDict(a={"version": 2})
    predict(written(tmp_path, saved(given)))


@pytest.mark.parametrize(
    ("argument", "value"),
    [("n_filters", 10**9), ("n_filters", 10**18), ("depth", 10**6), ("n_outputs", 10**12), ("n_channels", 10**10)],
)
def test_a_network_is_not_made_before_its_size_is_known(tmp_path, argument, value):
    given = content()
    given["fhr"]["network"]["init_args"][argument] = value
    refused(
        written(tmp_path, saved(given)), "weights that do not fit the network it names|does not take the checkpoint's"
    )


def test_weights_that_are_one_number_over_and_over(tmp_path):
    given = content()
    n = 10**7
    given["fhr"]["network"] = {
        "class_path": "fhr.models.LinearFeatures",
        "init_args": {"n_features": n, "n_outputs": n},
    }
    given["state_dict"] = {
        "model.line.weight": torch.zeros(()).expand(n, n),
        "model.line.bias": torch.zeros(()).expand(n),
    }
    refused(written(tmp_path, saved(given)), "its weights claim to be more than the file holds")


def test_a_flipped_bit_among_the_weights_is_seen(tmp_path):
    data = bytearray(golden(1))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        largest = max(archive.infolist(), key=lambda entry: entry.file_size if "/data/" in entry.filename else 0)
        content = archive.read(largest)
    data[bytes(data).index(content) + len(content) // 2] ^= 16
    refused(written(tmp_path, bytes(data)), r"damaged \(BadZipFile|damaged .*wrong checksum")


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.ckpt")
    (tmp_path / "folder.ckpt").mkdir()
    (tmp_path / "empty.ckpt").touch()
    (tmp_path / "link.ckpt").symlink_to("/dev/zero")
    (tmp_path / "circle.ckpt").symlink_to("circle.ckpt")
    (tmp_path / "sparse.ckpt").touch()
    os.truncate(tmp_path / "sparse.ckpt", 10**13)
    for name, message in {
        "pipe": "no regular file but a pipe",
        "folder": "a folder, no file",
        "empty": "not a checkpoint .the file is empty",
        "link": "no regular file but a pipe, socket or device",
        "circle": "cannot be read|does not exist",
        "sparse": "not a checkpoint",
        "none": "does not exist",
        "n\x00l": "cannot be read",
    }.items():
        with hostile.watchdog(300), pytest.raises(CheckpointError, match=message):
            read_checkpoint(tmp_path / f"{name}.ckpt")


def test_a_link_to_a_checkpoint_is_followed(tmp_path):
    (tmp_path / "best.ckpt").symlink_to(Path(__file__).parent / "golden" / "format1.ckpt")
    predict(tmp_path / "best.ckpt")


OWN = """
import pathlib
pathlib.Path(__file__).with_suffix(".ran").touch()
from fhr.models import InceptionNet

class Own(InceptionNet):
    pass
"""


@pytest.fixture
def own(tmp_path, monkeypatch) -> str:
    """A module beside the configuration that is not imported yet."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("FHR_TRUST", raising=False)
    (tmp_path / "own_network_of_a_user.py").write_text(OWN)
    yield "own_network_of_a_user"
    sys.modules.pop("own_network_of_a_user", None)


def of_own(folder: Path, own: str) -> Path:
    given = content()
    given["fhr"]["network"]["class_path"] = f"{own}.Own"
    given["fhr"]["calibrator"].pop("made_for", None)
    return written(folder, saved(given))


def test_a_module_is_not_imported_because_a_file_names_it(tmp_path, own):
    path = of_own(tmp_path, own)
    refused(
        path, rf"network class '{own}.Own' is not of fhr.models, .* set the environment variable FHR_TRUST={own}, or"
    )
    assert own not in sys.modules
    assert not (tmp_path / f"{own}.ran").exists()


@pytest.mark.parametrize("how", ["named", "in a list", "imported"])
def test_a_network_of_ones_own_is_read_by_who_trusts_it(tmp_path, own, how, monkeypatch):
    path = of_own(tmp_path, own)
    if how == "imported":
        __import__(own)
    else:
        monkeypatch.setenv("FHR_TRUST", own if how == "named" else f"others, {own}")
    assert type(read_checkpoint(path)[1]).__name__ == "Own"
    predict(path)


def test_trust_is_of_whole_names(tmp_path, own, monkeypatch):
    monkeypatch.setenv("FHR_TRUST", f"{own[:-1]},{own}.inner,")
    refused(of_own(tmp_path, own), "FHR_TRUST")
    assert own not in sys.modules


@pytest.mark.parametrize(
    "class_path",
    [
        *("os.system", "subprocess.Popen", "builtins.eval", "fhr.formats.write_npz", "fhr.models.finish_checkpoint"),
        *("fhr.models.Network", "fhr.models.network.Network", "fhr.models.StackedNetworks", "torch.nn.Linear"),
        *(
            "fhr.__main__.main",
            "antigravity.Net",
            "this.Net",
            "fhr.models.card.os.system",
            "a" * 10_000 + ".b",
            "x\n.y",
        ),
    ],
)
def test_a_card_names_a_network_and_nothing_else(tmp_path, class_path):
    given = content()
    given["fhr"]["network"]["class_path"] = class_path
    before = set(sys.modules)
    refused(written(tmp_path, saved(given)), "may name nothing else|is not found|FHR_TRUST")
    assert not {"antigravity", "this", "fhr.__main__"} & (set(sys.modules) - before)


def test_a_network_without_values_is_checked_and_made_all_the_same():
    """One that needs numbers to be made is another's, and trusted with memory as with code."""
    made = Counting()
    assert rebuild(made.specification, made.state_dict()).norm > 0


FIELDS = {  # by format and field, what it may not be
    (1, "network"): (None, [], {}, {"class_path": 1, "init_args": {}}),
    (1, "network.init_args"): (None, [], {"n_filters": "8"}, {"n_filters": None}, {"kernel_sizes": [0.5]}),
    (1, "pipeline"): (None, [], {}, "x"),
    (1, "pipeline.fs"): (None, "1", 0, -1.0, float("nan"), float("inf"), 1e300, 1e-300, []),
    (1, "pipeline.minutes"): ("20", 0, -20, float("nan"), 1e300),
    (1, "pipeline.channels"): ("fhr", [], ["uc", "fhr"], [1], ["fhr", "fhr"], None),
    (1, "pipeline.steps"): (
        None,
        "x",
        [1],
        [{"name": "os.system", "parameters": {}}],
        [{"name": []}],
        [{"name": "remove_spikes", "parameters": {"jump": "25"}}],
        [{"name": "remove_spikes", "parameters": {"jump": float("nan")}}],
        [{"name": "remove_spikes", "parameters": {}}] * 101,
    ),
    (1, "pipeline.scaling"): ({}, {"fhr": [140, 20]}, {"fhr": [140, 0], "uc": [0, 1]}, {"fhr": 1, "uc": 2}),
    (1, "pipeline.interpolate"): ("15", -1, float("nan"), None),
    (1, "target"): (None, 1, [], "\x1b[2J", "\ud800"),
    (1, "prevalence"): (None, "0.1", -0.1, 1.5, float("nan"), 10**400),
    (1, "learnt_from"): (None, "a", [1], {"a": 1}),
    (1, "fold"): (None, [0, 1], [0, 1, -1], [0, 1, "2"], [0.0, 1, 2], [True, 1, 2]),
    (1, "epochs"): (None, "4", -1, 0.5, float("nan")),
    (1, "calibrator"): ([], "x", 1, {"kind": []}, {"kind": "os.system"}, {"slope": 1}),
    (1, "calibrator.slope"): (None, "1", float("nan"), float("inf"), -1, [], 10**400),
    (1, "calibrator.scale"): (0, -1, "1", float("inf")),
    (1, "calibrator.made_for"): (None, [], "x", {"label": 1}, {"model": "a"}, {"model": [1]}, {"more": 1}),
    (1, "version"): (None, 1, [], "a" * 10_000),
    (1, "format"): ([1],),
    (2, "features"): ([], {"set": 1}, {"set": {}, "checksum": "a"}, {"checksum": "a"}, "x", None),
    (2, "scaling"): ([], {}, None, {"centre": [1], "spread": [0], "limit": 5}, {"centre": 1}),
    (2, "scaling.spread"): (None, ["x"], [float("nan")], [1.0], [-1.0] * 14),
    (2, "scaling.limit"): (None, "5", 0, -1, float("nan")),
    (3, "kind"): ("classification", "x", None, []),
    (3, "calibrator"): ({"fhr": 2}, {"fhr": "0.5"}, {"other": 0.5}, []),
    (3, "pipeline"): ({}, {"fs": 100}, {"fs": 4, "offset": float("nan"), "scale": 40}, None),
    (4, "confidence"): ([], {}, "x", {"held_out": []}),
    (4, "confidence.held_out"): (None, [], [1], [{}], {"a": 1}),
    (4, "confidence.threshold"): ("0.1", 2, -1, float("nan"), []),
    (4, "confidence.prevalence"): (None, 2, "0.1", float("nan")),
    (4, "confidence.typicality"): ([], {}, 1, "x"),
    (4, "member"): (-1, "1", None, 0.5),
}


def content_with(form: int, field: str, value: object) -> dict:
    """What a checkpoint of a format holds, with another value in a field of its card, such as `calibrator.scale`."""
    given = content(form)
    *path, last = field.split(".")
    holder = given["fhr"]
    for key in path:
        holder = holder[key]
    holder[last] = value
    return given


def test_a_field_of_another_type_is_refused_when_it_is_read(tmp_path):
    read = []
    for (form, field), values in FIELDS.items():
        for value in values:
            path = written(tmp_path, saved(content_with(form, field, value)))
            with suppress(CheckpointError):
                fhr.load(path)
                read.append((form, field, value))
    assert read == []


def test_a_network_that_cannot_take_its_own_window_is_refused(tmp_path):
    given = content(1)
    given["fhr"]["pipeline"]["channels"] = ["fhr", "mask"]
    given["fhr"]["calibrator"].pop("made_for", None)
    predictor = fhr.load(written(tmp_path, saved(given)))
    with pytest.raises(CheckpointError, match="InceptionNet cannot take the input that its checkpoint names"):
        predictor.predict(long_recording(False))


def test_a_finished_checkpoint_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path, out = written(tmp_path, golden(1)), tmp_path / "finished.ckpt"
    out.write_bytes(b"before")

    def fail(_: object, file: object) -> None:
        Path(str(file)).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", fail)
        with pytest.raises(OSError, match="No space left"):
            finish_checkpoint(path, None, out)
    assert out.read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 2
    assert finish_checkpoint(path, None, path) == path  # in its own place
    assert read_checkpoint(path)[0].calibrator is None
