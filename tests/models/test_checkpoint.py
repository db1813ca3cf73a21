import os
import pickle
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest
import torch

from fhr.errors import CheckpointError
from fhr.models import FORMAT, CheckpointCard, InceptionNet, finish_checkpoint, read_checkpoint
from fhr.preprocessing import Pipeline
from fhr.recording import Composition

CALIBRATOR = {"penalty": 1.0, "mean": 0.0, "scale": 1.0, "slope": 1.0, "intercept": -1.0}


class Hostile:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (os.mkdir, (str(self.path),))


def network(n_features: int = 0) -> InceptionNet:
    torch.manual_seed(3)
    return InceptionNet(n_filters=2, kernel_sizes=(3,), depth=2, n_features=n_features)


def card(**changes: object) -> CheckpointCard:
    made = CheckpointCard(
        network=network(1 if changes.get("features") else 0).specification,
        pipeline=Pipeline(minutes=20).to_dict(),
        target="ph<=7.15",
        prevalence=0.25,
        learnt_from=("a" * 64, "b" * 64),
        data="d",
        splits="s",
        fold=(1, 2, 3),
        epochs=4,
        calibrator=CALIBRATOR,
        version="0.1.0",
    )
    return replace(made, **changes)


def checkpoint(**changes: object) -> dict:
    content = {
        "state_dict": {f"model.{key}": value for key, value in _weights(changes).items()},
        "epoch": 3,
        "global_step": 12,
        "pytorch-lightning_version": "2.6.0",
        "optimizer_states": [torch.zeros(5)],
    }
    card(**changes).write(content)
    return content


def _weights(changes: dict) -> dict:
    """Those of a card with the scaling have none of it themselves, as in the formats 2 and 4."""
    made = network(1 if changes.get("features") else 0)
    state = made.state_dict()
    return {key: value for key, value in state.items() if not (changes.get("scaling") and SCALING in key)}


@pytest.fixture
def path(tmp_path) -> Path:
    torch.save(checkpoint(), tmp_path / "one.ckpt")
    return tmp_path / "one.ckpt"


def test_card_and_network_come_back(path):
    read, made = read_checkpoint(path)
    assert read == card()
    assert read.fold == (1, 2, 3)
    assert read.format == 1
    assert not made.training
    signal = torch.randn(2, 3, 256)
    with torch.no_grad():
        assert torch.equal(made(signal), network().eval()(signal))


def test_finished_checkpoint_leaves_the_training_behind(path, tmp_path):
    other = {**CALIBRATOR, "slope": 2.0}
    out = finish_checkpoint(path, other, tmp_path / "finished.ckpt")
    assert out == tmp_path / "finished.ckpt"
    read, made = read_checkpoint(out)
    assert read == card(calibrator=other)
    assert torch.equal(made.head[-1].weight, network().head[-1].weight)
    assert "optimizer_states" not in torch.load(out, weights_only=True)
    assert read_checkpoint(finish_checkpoint(path, None, out))[0].calibrator is None
    assert read_checkpoint(path)[0] == card()


def refused(path: Path, message: str) -> None:
    with pytest.raises(CheckpointError, match=message) as error:
        read_checkpoint(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value).split(":")[0]


def test_no_such_file(tmp_path):
    refused(tmp_path / "none.ckpt", "does not exist; give a .ckpt file or an MLflow run id")
    refused(tmp_path, r"cannot be read \(a folder, no file\); give a .ckpt file or an MLflow run id")


@pytest.mark.parametrize("content", [b"hello\n", b"", b"\x80\x04.", b"name,probability\n1001,0.5\n"])
def test_no_checkpoint_at_all(tmp_path, content):
    (tmp_path / "text.ckpt").write_bytes(content)
    refused(tmp_path / "text.ckpt", "not a checkpoint")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_truncated(path, part):
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    refused(path, "damaged .*; fetch or train it again")


@pytest.mark.parametrize("form", [7, 0, "1", None])
def test_other_format_is_named(tmp_path, form):
    content = checkpoint(version="9.9")
    content["fhr"]["format"] = form
    torch.save(content, tmp_path / "new.ckpt")
    refused(
        tmp_path / "new.ckpt",
        rf"checkpoint format {form!r}, this version reads formats 1 to 6; use the version of intrapartum-fhr that "
        r"wrote it \(9.9\)",
    )


SCALING = "scaling_of_features"
SET = {"features": {"set": {}, "checksum": "f"}}
FEATURES = SET | {"scaling": {"centre": [0.5], "spread": [inf], "limit": 5.0}}


def test_another_kind_of_task_makes_another_format(tmp_path):
    torch.save(checkpoint(kind="false_signal"), tmp_path / "other.ckpt")
    read, _ = read_checkpoint(tmp_path / "other.ckpt")
    assert read == card(kind="false_signal")
    assert read.format == 3
    content = checkpoint()
    assert "kind" not in content["fhr"]  # a version that knows of one kind reads it as it did
    content["fhr"]["kind"] = "false_signal"
    torch.save(content, tmp_path / "mixed.ckpt")
    refused(tmp_path / "mixed.ckpt", "incomplete checkpoint")


def test_features_make_another_format_that_a_version_without_them_refuses(tmp_path):
    """A version that reads format 1 alone compares the number and stops; it would not see the features."""
    torch.save(checkpoint(**FEATURES), tmp_path / "features.ckpt")
    read, _ = read_checkpoint(tmp_path / "features.ckpt")
    assert read == card(**FEATURES)
    assert read.format == 2
    out = finish_checkpoint(tmp_path / "features.ckpt", None, tmp_path / "finished.ckpt")
    assert torch.load(out, weights_only=True)["fhr"]["format"] == 2
    assert read_checkpoint(out)[0] == card(calibrator=None, **FEATURES)


@pytest.mark.parametrize("changes", [{}, {"calibrator": None}, {"member": 2}])
def test_features_that_the_network_scales_make_another_format(tmp_path, changes):
    """A version that looks for the scaling in the card refuses it."""
    torch.save(checkpoint(**SET, **changes), tmp_path / "features.ckpt")
    read, _ = read_checkpoint(tmp_path / "features.ckpt")
    assert read == card(**SET, **changes)
    assert read.format == 5 < FORMAT
    stored = torch.load(tmp_path / "features.ckpt", weights_only=True)["fhr"]
    assert {"features", "kind", "confidence", "member"} < set(stored)
    assert "scaling" not in stored
    out = finish_checkpoint(tmp_path / "features.ckpt", None, tmp_path / "finished.ckpt")
    assert read_checkpoint(out)[0] == card(**SET, **changes | {"calibrator": None})


def test_the_network_takes_the_scaling_of_an_older_card(tmp_path):
    torch.save(checkpoint(**FEATURES), tmp_path / "older.ckpt")
    _, made = read_checkpoint(tmp_path / "older.ckpt")
    assert made.scaling_of_features.scaling.to_dict() == FEATURES["scaling"]
    assert read_checkpoint(finish_checkpoint(tmp_path / "older.ckpt", None, tmp_path / "again.ckpt"))[0].format == 2


@pytest.mark.parametrize("form", [2, 5])
@pytest.mark.parametrize("scaling", [None, {"centre": [0.5], "spread": [1.0], "limit": 5.0}])
def test_a_scaling_is_in_one_place(tmp_path, form, scaling):
    """In the card up to format 4, in the network from 5 on."""
    content = checkpoint(**SET, scaling=scaling)
    content["fhr"]["format"] = form
    torch.save(content, tmp_path / "one.ckpt")
    if (form == 2) == (scaling is not None):
        read_checkpoint(tmp_path / "one.ckpt")
    else:
        refused(tmp_path / "one.ckpt", r"incomplete checkpoint \(features or their scaling\)")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("centre", nan),
        ("centre", inf),
        ("spread", 0.0),
        ("spread", -1.0),
        ("spread", nan),
        ("limit", 0.0),
        ("limit", nan),
    ],
)
def test_a_scaling_that_cannot_be_is_refused(tmp_path, name, value):
    content = checkpoint(**SET)
    content["state_dict"][f"model.{SCALING}.{name}"].fill_(value)
    torch.save(content, tmp_path / "odd.ckpt")
    refused(tmp_path / "odd.ckpt", f"the {name} in the scaling of the features is no (finite|positive) number; train")
    older = checkpoint(**FEATURES)
    older["fhr"]["scaling"][name] = value if name == "limit" else [value]
    torch.save(older, tmp_path / "older.ckpt")
    refused(tmp_path / "older.ckpt", f"scaling .*{name}")


@pytest.mark.parametrize("scaling", [{"centre": [1.0, 2.0], "spread": [1.0, 2.0], "limit": 5.0}, {"centre": 1}, {}])
def test_an_older_scaling_that_does_not_fit_is_refused(tmp_path, scaling):
    torch.save(checkpoint(**{**FEATURES, "scaling": scaling}), tmp_path / "odd.ckpt")
    refused(tmp_path / "odd.ckpt", "scaling")


def test_a_network_that_lacks_its_scaling_is_refused(tmp_path):
    content = checkpoint(**SET)
    del content["state_dict"][f"model.{SCALING}.spread"]
    torch.save(content, tmp_path / "part.ckpt")
    refused(tmp_path / "part.ckpt", r"weights that do not fit .*spread has the shape none in the file")


CONFIDENCE = {"held_out": [{"inner": 3, "scores": [0.5], "labels": [1], "members": 1}], "threshold": None}


@pytest.mark.parametrize("changes", [{"confidence": CONFIDENCE}, {"member": 2}, {"confidence": CONFIDENCE, **FEATURES}])
def test_confidence_or_several_members_make_another_format(tmp_path, changes):
    torch.save(checkpoint(**changes), tmp_path / "new.ckpt")
    read, _ = read_checkpoint(tmp_path / "new.ckpt")
    assert read == card(**changes)
    assert read.format == 4
    content = torch.load(tmp_path / "new.ckpt", weights_only=True)
    content["fhr"]["format"] = 2
    torch.save(content, tmp_path / "mixed.ckpt")
    refused(tmp_path / "mixed.ckpt", "incomplete checkpoint")


MADE = {"kinds": {"measured": 3, "synthetic": 2}, "made_by": ("gan (seed=1)",), "fitted_to": ("a" * 64, "1001")}


@pytest.mark.parametrize("more", [{}, {"confidence": CONFIDENCE, **FEATURES}, {"kind": "false_signal"}])
def test_records_that_were_made_make_another_format(tmp_path, more):
    torch.save(checkpoint(**MADE, **more), tmp_path / "new.ckpt")
    read, _ = read_checkpoint(tmp_path / "new.ckpt")
    assert read == card(**MADE, **more)
    assert read.format == 5 < FORMAT
    assert read.composition == Composition(**MADE)
    finished = finish_checkpoint(tmp_path / "new.ckpt", None, tmp_path / "finished.ckpt")
    assert read_checkpoint(finished)[0] == card(**{**MADE, **more, "calibrator": None, "confidence": None})
    assert card(**MADE, **more).procedure == card(**more).procedure
    assert card(**more).composition is None


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 4},
        {"kinds": None},
        {"kinds": {}},
        {"kinds": {"measured": 5}},
        {"kinds": {"synthetic": 0}},
        {"kinds": {"synthetic": -1}},
        {"kinds": {"synthetic": 1.5}},
        {"kinds": {"synthetic": True}},
        {"kinds": {"dreamt": 3}},
        {"kinds": ["synthetic"]},
        {"made_by": "gan"},
        {"made_by": ["a\nb"]},
        {"made_by": ["a" * 501]},
        {"made_by": [None]},
        {"fitted_to": None},
        {"fitted_to": {"a": 1}},
        {"fitted_to": [["a"]]},
    ],
)
def test_spoilt_kinds_are_refused(tmp_path, changes):
    content = checkpoint(**MADE)
    content["fhr"] |= changes
    torch.save(content, tmp_path / "spoilt.ckpt")
    refused(tmp_path / "spoilt.ckpt", r"incomplete checkpoint \(.*\); train anew")


@pytest.mark.parametrize("lost", [["kinds"], ["kinds", "made_by"], ["kinds", "made_by", "fitted_to"]])
def test_kinds_that_are_lost_are_missed(tmp_path, lost):
    content = checkpoint(**MADE)
    for field in lost:
        del content["fhr"][field]
    torch.save(content, tmp_path / "part.ckpt")
    refused(tmp_path / "part.ckpt", "incomplete checkpoint")


def test_makers_without_kinds_are_refused(tmp_path):
    content = checkpoint()
    content["fhr"]["fitted_to"] = ["a" * 64]
    torch.save(content, tmp_path / "odd.ckpt")
    refused(tmp_path / "odd.ckpt", r"incomplete checkpoint \(kinds of its records\); train anew")


def test_confidence_is_written_at_the_end_of_a_training(path, tmp_path):
    out = tmp_path / "finished.ckpt"
    assert read_checkpoint(finish_checkpoint(path, CALIBRATOR, out, confidence=CONFIDENCE, member=3))[0] == card(
        confidence=CONFIDENCE, member=3
    )
    again = read_checkpoint(finish_checkpoint(out, None, tmp_path / "again.ckpt"))[0]
    assert (again.confidence, again.calibrator, again.member) == (None, None, 3)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"fold": (1, 2, 0), "member": 4, "epochs": 9, "target": "ph<7.05", "calibrator": None}, True),
        ({"fold": (1, 3, 3)}, False),
        ({"splits": "others"}, False),
        ({"data": "others"}, False),
        ({"pipeline": Pipeline(minutes=30).to_dict()}, False),
        (FEATURES, False),
    ],
)
def test_networks_of_one_outer_fold_and_making_share_a_procedure(path, changes, same):
    """Also as it comes back from a file, where tuples are lists."""
    assert read_checkpoint(path)[0].procedure == card().procedure
    assert (card(**changes).procedure == card().procedure) is same


def test_without_features_the_card_is_that_of_format_1(path):
    """The very fields that versions without features take; they refuse any other."""
    stored = torch.load(path, weights_only=True)["fhr"]
    assert stored["format"] == 1
    assert set(stored) == {
        *("network", "pipeline", "target", "prevalence", "learnt_from", "data", "splits", "fold", "epochs"),
        *("calibrator", "version", "format"),
    }


@pytest.mark.parametrize("lost", ["features", "scaling", "format"])
def test_features_that_are_not_whole_are_refused(tmp_path, lost):
    content = checkpoint(**FEATURES)
    if lost == "format":
        content["fhr"]["format"] = 1
    else:
        del content["fhr"][lost]
    torch.save(content, tmp_path / "part.ckpt")
    refused(tmp_path / "part.ckpt", r"incomplete checkpoint \(features or their scaling\); train anew")


@pytest.mark.parametrize("content", [{}, {"state_dict": {}}, {"fhr": None}, {"fhr": {}}, [1, 2], torch.zeros(3)])
def test_no_card(tmp_path, content):
    torch.save(content, tmp_path / "other.ckpt")
    refused(tmp_path / "other.ckpt", "no checkpoint of this package; train one with `fhr fit`")


@pytest.mark.parametrize("field", ["network", "target", "learnt_from", "fold", "epochs"])
def test_incomplete_card(tmp_path, field):
    content = checkpoint()
    del content["fhr"][field]
    torch.save(content, tmp_path / "part.ckpt")
    refused(tmp_path / "part.ckpt", "incomplete checkpoint")


def test_untrained(tmp_path):
    torch.save(checkpoint(epochs=0), tmp_path / "fresh.ckpt")
    refused(tmp_path / "fresh.ckpt", "its weights were never trained; run `fhr fit`")


@pytest.mark.parametrize("damage", ["missing", "added", "shape"])
def test_weights_that_do_not_fit(tmp_path, damage):
    content = checkpoint()
    key = next(key for key, value in content["state_dict"].items() if value.ndim > 1)
    if damage == "missing":
        del content["state_dict"][key]
    elif damage == "added":
        content["state_dict"]["model.more"] = torch.zeros(2)
    else:
        content["state_dict"][key] = torch.zeros(2)
    torch.save(content, tmp_path / "unfit.ckpt")
    refused(tmp_path / "unfit.ckpt", "weights that do not fit the network it names")


@pytest.mark.parametrize("how", ["torch", "pickle"])
def test_a_hostile_pickle_runs_nothing(tmp_path, how):
    trap, path = tmp_path / "trap", tmp_path / "hostile.ckpt"
    content = {**checkpoint(), "extra": Hostile(trap)}
    if how == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(Hostile(trap), protocol=2))
    refused(path, "it names '(posix|nt).mkdir', .* nothing was run" if how == "torch" else "not a checkpoint")
    with pytest.raises(CheckpointError):
        finish_checkpoint(path, None, tmp_path / "out.ckpt")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hostile.ckpt"]
    if how == "pickle":  # the trap works
        pickle.loads(path.read_bytes())
        assert trap.is_dir()


def test_a_hostile_card_names_a_class_that_is_no_network(tmp_path):
    specification = {"class_path": "os.mkdir", "init_args": {"path": str(tmp_path / "trap")}}
    torch.save(checkpoint(network=specification), tmp_path / "hostile.ckpt")
    with pytest.raises(CheckpointError, match=r"os\.mkdir is no fhr\.models\.Network"):
        read_checkpoint(tmp_path / "hostile.ckpt")
    assert not (tmp_path / "trap").exists()
