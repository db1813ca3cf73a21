"""Weights know what they have learnt from, wherever they go as a whole."""

import copy
import pickle
from dataclasses import replace

import pytest
import torch

from fhr.datasets import Database, refusing_seen
from fhr.errors import CheckpointError
from fhr.models import CheckpointCard, InceptionNet, StackedNetworks, finish_checkpoint, read_checkpoint, with_scaling
from fhr.recording import Composition, Heritage, developed_on
from fhr.simulation import simulate_recording

SIMULATED = Composition({"simulated": 2}, ("fhr.simulation 0.0.9, seed=1, explained=0.75",))
LEARNT = Heritage(("a" * 64, "b" * 64), SIMULATED)


def network(**changes) -> InceptionNet:
    return InceptionNet(n_channels=3, n_outputs=1, depth=1, n_filters=2, **changes)


@pytest.fixture
def trained() -> InceptionNet:
    made = network()
    made.heritage = LEARNT
    return made


@pytest.fixture
def checkpoint(tmp_path) -> str:
    """The file of a network that learnt from simulated labours, as an earlier version wrote it."""
    made = network()
    card = CheckpointCard(
        network=made.specification, pipeline={}, target="ph<7.05", prevalence=0.1, learnt_from=LEARNT.learnt_from,
        data="", splits="", fold=(0, 0, 0), epochs=3, calibrator=None, version="0.0.9", **SIMULATED.plain(),
    )  # fmt: skip
    state = {f"model.{name}": value for name, value in made.state_dict().items()}
    content = {"state_dict": state, "epoch": 2, "global_step": 9, "pytorch-lightning_version": "2.5"}
    replace(card, made_by=SIMULATED.made_by, fitted_to=()).write(content)
    torch.save(content, tmp_path / "old.ckpt")
    return str(tmp_path / "old.ckpt")


@pytest.mark.parametrize("go", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_keep_it(trained, go):
    assert go(trained).heritage == LEARNT


def test_it_goes_with_the_state(trained):
    other = network()
    other.load_state_dict(trained.state_dict())
    assert other.heritage == LEARNT
    around = torch.nn.ModuleDict({"model": network()})
    around.load_state_dict(torch.nn.ModuleDict({"model": trained}).state_dict())
    assert around["model"].heritage == LEARNT
    around.load_state_dict(with_scaling(torch.nn.ModuleDict({"model": trained}).state_dict(), None, "model."))
    assert around["model"].heritage == LEARNT


def test_other_weights_replace_it_and_a_part_of_others_adds_to_it(trained):
    fresh = network()
    more = Heritage(("c" * 64,), Composition({"measured": 1}))
    fresh.heritage = more
    state = fresh.state_dict()
    some = type(state)(list(state.items())[:1])
    some._metadata = state._metadata
    trained.load_state_dict(some, strict=False)
    assert trained.heritage == LEARNT | more
    trained.load_state_dict(state)
    assert trained.heritage == more


def test_stacked_networks_have_that_of_all(trained):
    stacked = StackedNetworks([network(), trained])
    assert [one.heritage for one in stacked.unstack()] == [LEARNT, LEARNT]


def test_a_checkpoint_gives_it_to_its_network_and_to_what_loads_the_file_by_itself(checkpoint, tmp_path):
    card, read = read_checkpoint(checkpoint)
    assert set(card.fitted_to) == set(developed_on())  # which the file does not say
    assert read.heritage == card.heritage
    assert read.heritage.seen == {*LEARNT.learnt_from, *developed_on()}
    finished = finish_checkpoint(checkpoint, None, tmp_path / "finished.ckpt", out_of_fold=False)
    state = torch.load(finished, weights_only=True)["state_dict"]
    around = torch.nn.ModuleDict({"model": network()})
    around.load_state_dict(state)
    assert around["model"].heritage == card.heritage
    again, _ = read_checkpoint(finished)
    assert (again.format, again.out_of_fold, card.out_of_fold) == (6, False, True)


def test_using_it_where_test_records_are_guarded(trained, checkpoint):
    database = Database([simulate_recording(0, seed=1)], origin="one")
    trained.heritage = Heritage(database.digests, SIMULATED)
    signal = torch.zeros(1, 3, 600)
    trained.eval().scores(signal)
    with refusing_seen(database, database.names):
        read_checkpoint(checkpoint)  # of other records
        for use in (lambda: trained.scores(signal), lambda: network().load_state_dict(trained.state_dict())):
            with pytest.raises(
                CheckpointError, match=r"network InceptionNet learnt from 1 of 1 test records \(s0001\)"
            ):
                use()


def test_damage_is_refused(trained):
    state = trained.state_dict()
    state._metadata[""]["heritage"] = {"learnt_from": 3}
    with pytest.raises(CheckpointError, match="what its weights have learnt from is damaged"):
        network().load_state_dict(state)
