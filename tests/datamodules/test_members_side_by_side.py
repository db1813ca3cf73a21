"""Each member sees what the plain data module gives with its seed."""

import pytest
import torch

from fhr.datamodules import MembersDataModule, SimulatedDataModule
from fhr.errors import FHRError
from fhr.features import FeatureSet
from fhr.preprocessing import Augmentation
from fhr.tasks import Batch

SEEDS = (3, 11, 4)
FEATURES = FeatureSet(groups=("scalar",), minutes=10)


def data_of(**options: object) -> SimulatedDataModule:
    given = {"n": 60, "target": "ph<7.20", "window_minutes": 20, "augmentation": Augmentation(), "features": FEATURES}
    return SimulatedDataModule(**{**given, "class_weights": "balanced", "batch_size": 16, "bootstrap": True, **options})


@pytest.fixture(scope="module")
def members() -> MembersDataModule:
    made = MembersDataModule(data_of(), SEEDS)
    made.prepare_data()
    made.setup("fit")
    return made


@pytest.fixture(scope="module")
def plain() -> list[SimulatedDataModule]:
    """What each member would have alone."""
    made = [data_of(seed=seed) for seed in SEEDS]
    for data in made:
        data.setup("fit")
    return made


def same(one: Batch, other: Batch) -> bool:
    return all(torch.allclose(a, b, rtol=0, atol=0, equal_nan=True) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("epoch", [0, 2])
def test_the_batches_of_a_member_are_those_of_the_plain_data_module(members, plain, epoch):
    together = members.train_dataloader()
    together.sampler.set_epoch(epoch)
    batches = list(together)
    assert len(batches) == len(together) > 1
    assert batches[0].signal.shape == (3, 16, 3, 1200)
    assert batches[0].features.shape[:2] == (3, 16)
    for m, data in enumerate(plain):
        loader = data.train_dataloader()
        loader.sampler.set_epoch(epoch)
        for batch, stacked in zip(loader, batches, strict=True):
            assert same(batch, Batch(*(part[m] for part in stacked)))


def test_members_see_different_records(members):
    first = next(iter(members.train_dataloader()))
    assert not torch.equal(first.ph[0], first.ph[1])
    loaders = members.train_dataloader().loaders
    records = [{window.tobytes() for window in loader.dataset.signal} for loader in loaders]
    assert records[0] != records[1]
    assert 0.5 < len(records[0]) / len(members.facts.partition.train) < 0.8  # 1 - 1/e of them, in the mean


def test_without_a_bootstrap_members_see_all_records_in_their_own_order():
    made = MembersDataModule(data_of(bootstrap=False, features=None), (1, 2))
    made.setup()
    ph = [torch.cat(parts) for parts in zip(*(batch.ph for batch in made.train_dataloader()), strict=True)]
    assert not torch.equal(*ph)
    assert torch.equal(*(values.sort().values for values in ph))


def test_everything_else_is_what_the_data_module_gives(members):
    assert members.facts is members.data.facts
    for use in ("val", "calibration", "test"):
        mine, other = getattr(members, f"{use}_dataloader")(), getattr(members.data, f"{use}_dataloader")()
        assert all(same(a, b) for a, b in zip(mine, other, strict=True))


def test_the_data_module_is_read_once_and_keeps_its_seed(members):
    assert [members.of(seed).seed for seed in SEEDS] == list(SEEDS)
    assert members.of(3)._signal is members.data._signal
    assert members.data.seed == 0


@pytest.mark.parametrize("seeds", [(), (1, 2, 1)])
def test_seeds_that_make_no_members_are_refused(seeds):
    with pytest.raises(FHRError, match=r"seeds=\[.*\]; give each member one of its own"):
        MembersDataModule(data_of(), seeds)
