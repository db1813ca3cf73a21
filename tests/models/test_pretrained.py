"""Weights of a trunk in another network: what is taken, what stays, what is refused, and what goes with them."""

from pathlib import Path

import pytest
import torch
from torch import nn

from fhr.datasets import Database, refusing_seen
from fhr.errors import CheckpointError
from fhr.models import (
    CheckpointCard,
    InceptionNet,
    LinearFeatures,
    Network,
    OnTrunk,
    Trunk,
    read_checkpoint,
    take_pretrained,
)
from fhr.recording import Composition, Heritage, Recording, Source

SMALL = {"n_filters": 2, "kernel_sizes": [5], "depth": 1, "stride": 4}
SEEN = "a" * 64


def network(seed: int = 1, **changes) -> InceptionNet:
    torch.manual_seed(seed)
    return InceptionNet(**{**SMALL, **changes})


def kept(path: Path, made: Network) -> Path:
    card = CheckpointCard(
        network=made.specification, pipeline={"fs": 1.0}, target="truth", prevalence=0.1, learnt_from=(SEEN, "b" * 64),
        data="", splits="", fold=(0, 0, 0), epochs=3, calibrator=None, version="0.1.0", kind="pretraining",
        kinds={"simulated": 2}, made_by=("a simulator",),
    )  # fmt: skip
    state = {f"model.{name}": value for name, value in made.state_dict().items()}
    content = {"state_dict": state, "epoch": 2, "global_step": 9, "pytorch-lightning_version": "2.5"}
    card.write(content)
    torch.save(content, path)
    return path


@pytest.fixture
def trained() -> InceptionNet:
    made = network(seed=0)
    made.train()(torch.randn(8, 3, 64))  # its normalisation has seen something
    return made


@pytest.fixture
def checkpoint(trained, tmp_path) -> Path:
    return kept(tmp_path / "pretrained.ckpt", trained)


class Around(Network):
    """A network that holds a trunk, as one with another head does."""

    def __init__(self, n_channels: int = 3, n_outputs: int = 2) -> None:
        super().__init__()
        self.features = network(seed=5)
        self.last = nn.Linear(self.features.width, n_outputs)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return self.last(self.features.sequence(signal).values.mean(-1))


@pytest.mark.parametrize("learn", ["none", "low_rank"])
def test_a_trunk_with_adapters_takes_them_and_gives_what_they_add(learn, checkpoint, trained, tmp_path):
    made = OnTrunk(trunk_args=SMALL, learn=learn, rank=1)
    take_pretrained(made, checkpoint)
    signal = torch.randn(4, 3, 200)
    torch.testing.assert_close(made.eval().trunk.sequence(signal), trained.eval().sequence(signal), rtol=0, atol=0)
    assert SEEN in made.heritage.seen
    with torch.no_grad():  # as a training moves adapters
        for name, parameter in made.named_parameters():
            if name.endswith(".b"):
                parameter.add_(1.0)
    moved = made.trunk.sequence(signal).values
    assert torch.equal(moved, trained.sequence(signal).values) == (learn == "none")
    plain = network(seed=3)
    take_pretrained(plain, kept(tmp_path / "adapted.ckpt", made))
    torch.testing.assert_close(plain.eval().sequence(signal).values, moved)


class Longer(InceptionNet):
    """Another class with the same weights."""


def test_the_trunk_is_taken_and_its_ends_stay(checkpoint, trained):
    made = network(n_outputs=2, n_features=3, dropout=0.4)
    ends = {name: value.clone() for name, value in made.state_dict().items() if name.split(".")[0] in Trunk.ends}
    card = take_pretrained(made, checkpoint)
    assert card.pipeline == {"fs": 1.0}
    signal = torch.randn(4, 3, 200)
    torch.testing.assert_close(made.eval().sequence(signal), trained.eval().sequence(signal), rtol=0, atol=0)
    assert all(torch.equal(made.state_dict()[name], value) for name, value in ends.items())
    assert any(name.startswith("head.") for name in ends)


def test_a_network_around_a_trunk_takes_them_into_it(checkpoint, trained):
    made = Around()
    last = made.last.weight.clone()
    take_pretrained(made, checkpoint)
    assert torch.equal(made.features.stem[0].weight, trained.stem[0].weight)
    assert torch.equal(made.last.weight, last)
    assert SEEN in made.heritage.seen


def test_what_the_weights_have_learnt_from_goes_with_them(checkpoint, tmp_path):
    made = network()
    made.heritage = Heritage(("c" * 64,), Composition({"measured": 1}))
    take_pretrained(made, checkpoint)
    assert made.heritage.learnt_from == ("c" * 64, SEEN, "b" * 64)
    assert made.heritage.composition.kinds == {"measured": 1, "simulated": 2}
    test = Database([Recording("one", [140], [10], 4.0, source=Source("", "", SEEN))], origin="test")
    with refusing_seen(test, ["one"]), pytest.raises(CheckpointError, match="learnt from 1 of 1 test records"):
        take_pretrained(network(), checkpoint)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: network(n_filters=3, depth=2), "n_filters=2 there, 3 here; depth=1 there, 2 here. Make"),
        (lambda: network(kernel_sizes=[7]), r"kernel_sizes=\[5\] there, \[7\] here"),
        (lambda: network(n_channels=1), "n_channels=3 there, 1 here"),
        (lambda: network(stride=2, depth=3, n_filters=3, n_channels=1), "stride=4 there, 2 here|; 1 more"),
        (lambda: Longer(**SMALL), "InceptionNet there, Longer here"),
    ],
)
def test_another_architecture_is_refused_with_what_differs_and_nothing_is_changed(made, said, checkpoint):
    made = made()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    with pytest.raises(CheckpointError, match=said) as refusal:
        take_pretrained(made, checkpoint)
    assert "weights of another architecture" in str(refusal.value)
    assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())
    assert not made.heritage


def test_networks_without_a_trunk_are_refused(checkpoint, tmp_path):
    with pytest.raises(CheckpointError, match="the network to begin with these weights, LinearFeatures, has no trunk"):
        take_pretrained(LinearFeatures(n_features=2), checkpoint)
    path = kept(tmp_path / "linear.ckpt", LinearFeatures(n_features=2))
    assert read_checkpoint(path)[0].epochs == 3
    with pytest.raises(CheckpointError, match=r"linear.ckpt: its model, LinearFeatures, has no trunk"):
        take_pretrained(network(), path)


def test_a_file_that_is_no_checkpoint_is_refused_as_everywhere(tmp_path):
    (tmp_path / "odd.ckpt").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(CheckpointError, match=r"odd\.ckpt"):
        take_pretrained(network(), tmp_path / "odd.ckpt")
