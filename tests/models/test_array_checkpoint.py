"""Checkpoints of arrays come back as they were, are the same bytes for the same model, and run or blow up nothing."""

import io
import json
import zipfile
from dataclasses import replace

import hostile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_kernel_line import FEATURES, N, bare_card, finished_card, kernel_line

import fhr
from fhr.errors import CheckpointError
from fhr.models import (
    InceptionNet,
    checkpoint_suffix,
    finish_checkpoint,
    is_checkpoint,
    pack_model,
    read_checkpoint,
    recalibrate_checkpoint,
    with_ranking,
)
from fhr.recording import Recording

CONTENT = pack_model(finished_card(), kernel_line())


def arrays_of(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def packed(arrays: dict[str, np.ndarray], *, save=np.savez) -> bytes:
    out = io.BytesIO()
    save(out, **arrays)
    return out.getvalue()


def with_card(**changes: object) -> bytes:
    """The file with another card, whatever its values."""
    plain = finished_card().to_dict() | changes
    text = np.frombuffer(json.dumps(plain).encode(), np.uint8)
    return packed(arrays_of(CONTENT) | {"card": text})


@pytest.fixture
def path(tmp_path):
    (tmp_path / "line.npz").write_bytes(CONTENT)
    return tmp_path / "line.npz"


def test_card_and_model_come_back(path):
    card, model = read_checkpoint(path)
    assert card == finished_card()
    assert card.network == kernel_line().specification
    x = np.random.default_rng(0).normal(140, 10, (9, len(FEATURES.names)))
    x[2, 3] = np.nan
    np.testing.assert_array_equal(model.scores(x), kernel_line().scores(x))


def test_the_same_model_gives_the_same_bytes(path, tmp_path):
    assert pack_model(finished_card(), kernel_line()) == CONTENT
    card = finished_card()
    again = finish_checkpoint(path, card.calibrator, tmp_path / "again.npz", confidence=card.confidence)
    assert again.read_bytes() == CONTENT
    assert {entry.date_time[0] for entry in zipfile.ZipFile(path).infolist()} == {1980}


def test_the_card_takes_the_specification_of_the_model():
    made = pack_model(replace(finished_card(), network={"class_path": "x", "init_args": {}}), kernel_line())
    assert made == CONTENT


def test_it_is_finished_recalibrated_and_ranked_like_a_network(path, tmp_path):
    draft = tmp_path / "draft.npz"
    draft.write_bytes(pack_model(bare_card(), kernel_line()))
    card = finished_card()
    made = finish_checkpoint(draft, card.calibrator, tmp_path / "f.npz", confidence=card.confidence, member=3)
    found, model = read_checkpoint(made)
    assert found == replace(card, member=3, ranking=None)
    assert model.n_features == len(FEATURES.names)
    local = {"kind": "anything"}
    recalibrated, _ = read_checkpoint(recalibrate_checkpoint(path, local, ["f" * 64], tmp_path / "r.npz"))
    assert recalibrated == replace(card, recalibration=local, learnt_from=(*card.learnt_from, "f" * 64))
    assert not with_ranking(path, card.ranking)
    assert with_ranking(path, card.ranking | {"n": 7})
    assert read_checkpoint(path)[0].ranking["n"] == 7
    assert [p.name for p in tmp_path.glob("*.part")] == []


def test_kinds_are_told_by_content(path, tmp_path):
    assert checkpoint_suffix(CONTENT) == ".npz"
    assert checkpoint_suffix(b"PK\3\4") == checkpoint_suffix(b"") == ".ckpt"
    renamed = path.rename(tmp_path / "line.ckpt")
    assert read_checkpoint(renamed)[0] == finished_card()
    recording = fhr.write_npz(Recording("a", [140], [1], 4.0), tmp_path / "a.npz")
    assert is_checkpoint(renamed)
    assert not is_checkpoint(recording)
    assert not is_checkpoint(tmp_path / "none.npz")
    assert not is_checkpoint(tmp_path)
    with pytest.raises(CheckpointError, match=r"a.npz: a NumPy archive without the card of a model"):
        read_checkpoint(recording)


def test_a_folder_may_hold_recordings_beside_checkpoints(path, tmp_path):
    fhr.write_npz(Recording("a", [140], [1], 4.0), tmp_path / "a.npz")
    (tmp_path / "other.npz").write_bytes(pack_model(finished_card(inner=1), kernel_line(1)))
    assert [card.fold[2] for card in fhr.load(tmp_path).cards] == [0, 1]
    for file in (path, tmp_path / "other.npz"):
        file.unlink()
    with pytest.raises(CheckpointError, match=r"without an \.npz file of a model"):
        fhr.load(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"x" * 100, "without the card of a model"),
        (CONTENT[:-40], "damaged"),
        (CONTENT.replace(b"records", b"recordx"), "no fit makes: no records"),
        (packed({"card": np.arange(3)}), r"a card of \(3,\) int64"),
        (packed({"card": np.frombuffer(b"[" * 90_000, np.uint8)}), "damaged"),
        (packed({"card": np.frombuffer(b"[" * 2_000_000, np.uint8)}), "a card of too many values"),
        (packed({"card": np.frombuffer(b"[" + b"{}," * 500_000 + b"1]", np.uint8)}), "a card of too many values"),
        (packed({"card": np.frombuffer(b"{}", np.uint8)}), "no checkpoint of this package"),
        (packed({"card": np.zeros(10**6, np.uint8)}, save=np.savez_compressed), "unpacks to 1000128 bytes; too large"),
        (packed(arrays_of(CONTENT) | {"records": np.array([object()])}), "never loaded"),
        (packed(arrays_of(CONTENT) | {"records": np.array(["x"])}), "records is no array of numbers"),
        (packed(arrays_of(CONTENT) | {"records": np.array(1.0)}), "records is no array of numbers"),
        (packed(arrays_of(CONTENT) | {"records": np.ones((N, 3), np.float32)}), "no fit makes"),
        (with_card(epochs=0), "never trained"),
        (with_card(format=99), "checkpoint format 99"),
        (with_card(network={"class_path": "os.system", "init_args": {}}), "model class 'os.system' is none of fhr"),
        (with_card(network={"class_path": ["fhr.models.KernelLine"]}), "model class of the type list"),
        (with_card(network={"class_path": "fhr.models.KernelLine", "init_args": {}}), "no fit makes"),
        (with_card(network=InceptionNet().specification), "is none of fhr.models.KernelLine"),
        (with_card(kind="false_signal"), "features alone says nothing of single samples|does not hold together"),
    ],
)
def test_what_no_fit_writes_is_refused(content, message, tmp_path):
    path = tmp_path / "line.npz"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        fhr.load(path)


@pytest.mark.parametrize(("name", "message"), [("notes.txt", "is no array"), ("offset.npy", "stands twice")])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_other_members_than_arrays_of_their_own_name_are_refused(path, name, message):
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(CheckpointError, match=f"damaged .{name} {message}"):
        read_checkpoint(path)


def test_no_code_of_a_pickle_is_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    path = tmp_path / "line.npz"
    path.write_bytes(packed(arrays_of(CONTENT) | {"offset": np.array([Trap()], dtype=object)}))
    with pytest.raises(CheckpointError, match="never loaded"):
        read_checkpoint(path)
    assert not (tmp_path / "sprung").exists()


@given(st.integers(0, 2**32 - 1))
def test_damaged_files_are_read_or_refused(tmp_path_factory, seed):
    spoilt = hostile.spoil(CONTENT, np.random.default_rng(seed), text=False)
    path = tmp_path_factory.mktemp("damaged") / "line.npz"
    path.write_bytes(spoilt)
    assert hostile.verdict(lambda: read_checkpoint(path)) in ("read", "refused")
