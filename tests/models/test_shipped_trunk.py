"""The pretrained trunk that comes with the package: its file, its architecture, and what it says it has learnt from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from fhr.cli.configurations import shipped_configurations
from fhr.errors import CheckpointError
from fhr.models import DeepKernel, InceptionNet, LinearFeatures, take_pretrained
from fhr.models.array_checkpoint import ArrayCheckpoint
from fhr.models.shipped_trunk import SHIPPED_TRUNK, read_shipped_trunk, write_shipped_trunk
from fhr.preprocessing import Pipeline
from fhr.recording import developed_on
from fhr.simulation import simulate_labour, truth_signals

CONFIGURED = yaml.safe_load(shipped_configurations()["pretrained_kernel"].read_text(encoding="utf-8"))["model"]


def configured(**changes) -> DeepKernel:
    arguments = CONFIGURED["init_args"]["model"]["init_args"]
    return DeepKernel(**{**arguments, "trunk_args": arguments["trunk_args"] | changes})


def test_its_configuration_begins_with_it():
    assert CONFIGURED["init_args"]["weights"] == "shipped"
    network = configured()
    card = take_pretrained(network, "shipped")
    signal = torch.randn(2, 3, 640, generator=torch.Generator().manual_seed(0))
    wanted = read_shipped_trunk()[1].sequence(signal)
    torch.testing.assert_close(network.eval().trunk.sequence(signal), wanted, rtol=0, atol=0)
    ours = Pipeline().to_dict()
    assert all(card.pipeline[key] == ours[key] for key in ("fs", "channels", "scaling"))
    assert SHIPPED_TRUNK.stat().st_size < 1e6


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (configured(depth=4), "shipped: weights of another architecture: depth=3 there, 4 here"),
        (configured(n_filters=4), "shipped: weights of another architecture: n_filters=8 there, 4 here"),
        (LinearFeatures(n_features=2), "shipped: the network to begin with these weights, LinearFeatures, has no"),
    ],
)
def test_another_architecture_is_refused_by_name(network, said):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(CheckpointError, match=said):
        take_pretrained(network, "shipped")
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_it_has_learnt_from_simulated_labours_and_says_so():
    card, trunk = read_shipped_trunk()
    take_pretrained(network := configured(), "shipped")
    assert network.heritage == trunk.heritage == card.heritage
    assert card.kind == "pretraining"
    assert card.kinds == {"simulated": len(card.learnt_from)}
    assert card.seen == set(card.learnt_from)
    assert not card.seen & set(developed_on())
    said = " ".join(SHIPPED_TRUNK.with_suffix(".md").read_text(encoding="utf-8").split())
    assert f"{len(card.learnt_from)} simulated labours" in said
    assert card.made_by[0] in said


def test_it_reads_what_random_weights_do_not():
    """Lines on the features, fitted on some labours, tell the decelerations of others, which the simulator knows."""
    labours = [simulate_labour(k, seed=11) for k in range(12)]
    pipeline = Pipeline(minutes=60)
    signal = torch.from_numpy(np.stack([pipeline(labour.recording).signal for labour in labours]))
    truth = np.stack([truth_signals(one.truth, minutes=60, fs=1.0)[2] for one in labours]).reshape(12, -1, 16).mean(-1)
    errors = []
    torch.manual_seed(0)
    for trunk in (read_shipped_trunk()[1], InceptionNet(**CONFIGURED["init_args"]["model"]["init_args"]["trunk_args"])):
        with torch.no_grad():
            values = trunk.eval().sequence(signal).values.numpy()[:, :, : truth.shape[1]].transpose(0, 2, 1)
        (x, y), (held_x, held_y) = ((values[k].reshape(-1, 32), truth[k].ravel()) for k in (slice(8), slice(8, 12)))
        x, held_x = (np.hstack([one, np.ones((len(one), 1))]) for one in (x, held_x))
        errors.append(np.mean((held_x @ np.linalg.lstsq(x, y, rcond=1e-6)[0] - held_y) ** 2))
    assert errors[0] < 0.75 * errors[1]


def test_the_same_trunk_gives_the_same_bytes_and_a_damaged_file_is_refused(tmp_path):
    card, trunk = read_shipped_trunk()
    written = write_shipped_trunk(card, trunk, tmp_path / "trunk.npz")
    assert written.read_bytes() == SHIPPED_TRUNK.read_bytes()
    stored = ArrayCheckpoint.load(written)
    (name, *_) = stored.arrays
    fewer = replace(stored, arrays={one: array for one, array in stored.arrays.items() if one != name})
    with pytest.raises(CheckpointError, match=r"fewer\.npz: weights that do not fit InceptionNet"):
        read_shipped_trunk(fewer.write(card, tmp_path / "fewer.npz"))
    none = replace(card, network=LinearFeatures(n_features=2).specification)
    with pytest.raises(CheckpointError, match="LinearFeatures is no trunk"):
        read_shipped_trunk(Path(stored.write(none, tmp_path / "none.npz")))
