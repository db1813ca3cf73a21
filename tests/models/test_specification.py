"""A network remembers how it was made, and is made again from that and nothing else."""

import copy
import pickle
import subprocess

import pytest
import torch

from fhr.errors import CheckpointError, FHRError
from fhr.models import InceptionNet, LinearFeatures, Network, completed, rebuild


class Bare(Network):
    """Has no arguments at all."""

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return signal.mean(dim=(1, 2))[:, None]


class Wider(InceptionNet):
    """Passes on what it does not know."""

    def __init__(self, factor: int = 2, **options: object) -> None:
        super().__init__(**options)
        self.factor = factor


def test_defaults_and_positional_arguments_are_remembered():
    network = InceptionNet(2, 3, kernel_sizes=(3, 7), depth=2)
    specification = network.specification
    assert specification["class_path"] == "fhr.models.inception.InceptionNet"
    given = specification["init_args"]
    assert {key: given[key] for key in ("n_channels", "n_outputs", "kernel_sizes", "depth")} == {
        "n_channels": 2,
        "n_outputs": 3,
        "kernel_sizes": [3, 7],
        "depth": 2,
    }
    assert given["n_filters"] == InceptionNet().specification["init_args"]["n_filters"]


@pytest.mark.parametrize(
    "network",
    [
        lambda: InceptionNet(),
        lambda: InceptionNet(3, 1, 2, [3], 2, 4, 0.5),
        lambda: Wider(3, n_filters=2, depth=2),
        lambda: Bare(),
        lambda: InceptionNet(n_features=4),
        lambda: LinearFeatures(4),
    ],
    ids=["defaults", "positional", "passed on", "no arguments", "features", "features alone"],
)
def test_round_trip(network):
    made = network()
    again = rebuild(made.specification)
    assert type(again) is type(made)
    assert again.specification == made.specification
    again.load_state_dict(made.state_dict())
    signal, features = torch.randn(2, 3, 512), torch.randn(2, made.n_features)
    with torch.no_grad():
        assert torch.equal(again.eval().scores(signal, features), made.eval().scores(signal, features))


def test_a_network_knows_how_many_features_it_takes():
    assert [made.n_features for made in (Bare(), InceptionNet(), InceptionNet(n_features=4), Wider(n_features=2))] == [
        *(0, 0, 4, 2)
    ]
    assert copy.deepcopy(InceptionNet(n_features=4)).n_features == 4


def test_an_older_specification_takes_the_defaults_of_newer_arguments():
    torch.manual_seed(0)
    new = InceptionNet(2, depth=1).specification
    state = torch.get_rng_state()
    old = {**new, "init_args": {k: v for k, v in new["init_args"].items() if k not in ("n_features", "feature_width")}}
    assert completed(old) == completed(new) == new
    assert torch.equal(torch.get_rng_state(), state)  # nothing is built
    with pytest.raises(CheckpointError, match=r"InceptionNet does not take the checkpoint's arguments: .*'width'"):
        completed({**new, "init_args": {"width": 3}})
    with pytest.raises(CheckpointError, match=r"os\.system is no fhr\.models\.Network"):
        completed({"class_path": "os.system", "init_args": {}})


def test_copies_are_whole():
    made = InceptionNet(n_filters=2, kernel_sizes=(3,), depth=1)
    for copied in (copy.deepcopy(made), pickle.loads(pickle.dumps(made)), copy.copy(made)):
        assert copied.specification == made.specification
        assert all(torch.equal(value, made.state_dict()[key]) for key, value in copied.state_dict().items())


def test_the_specification_is_plain_and_not_part_of_the_weights(tmp_path):
    network = InceptionNet(kernel_sizes=(3, 5), depth=1)
    torch.save(network.specification, tmp_path / "specification.pt")
    assert torch.load(tmp_path / "specification.pt", weights_only=True) == network.specification
    assert not any("specification" in key for key in network.state_dict())


def test_wrong_arguments_are_refused_when_a_network_is_made():
    with pytest.raises(TypeError, match="n_chanels"):
        InceptionNet(n_chanels=3)


@pytest.mark.parametrize("class_path", ["torch.nn.Linear", "subprocess.Popen", "fhr.models.rebuild", "os.system"])
def test_nothing_but_a_network_is_made(class_path, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("it was run")

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    monkeypatch.setattr("os.system", refuse)
    monkeypatch.setattr(torch.nn.Linear, "__init__", refuse)
    specification = {"class_path": class_path, "init_args": {"args": ["touch", str(tmp_path / "ran")]}}
    with pytest.raises(CheckpointError, match=r"is no fhr.models.Network; a checkpoint may name nothing else"):
        rebuild(specification)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "class_path",
    ["fhr.models.NoSuchNet", "fhr.models.no_such_module.Net", "InceptionNet", "", ".Net", "fhr.models.", "a..b"],
)
def test_an_unknown_class(class_path):
    with pytest.raises(CheckpointError, match=r"network class '.*' is not found; install the package that defines it"):
        rebuild({"class_path": class_path, "init_args": {}})


@pytest.mark.parametrize("init_args", [{"width": 3}, {"n_filters": "many"}, {"n_filters": -3}, {"kernel_sizes": 3}])
def test_arguments_that_do_not_fit(init_args):
    with pytest.raises(CheckpointError, match=r"InceptionNet does not take the checkpoint's arguments: "):
        rebuild({"class_path": "fhr.models.InceptionNet", "init_args": init_args})


@pytest.mark.parametrize(
    "specification", [{}, {"class_path": "fhr.models.InceptionNet"}, {"class_path": None, "init_args": {}}]
)
def test_a_specification_that_names_no_network(specification):
    with pytest.raises(FHRError, match="names no network"):
        rebuild(specification)
