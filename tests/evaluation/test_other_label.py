"""Networks that serve another label, and those that cannot."""

from copy import deepcopy

import pytest

from fhr.errors import CheckpointError
from fhr.evaluation import check_other_label

ONE = {
    "data": {"init_args": {"target": "ph<7.20", "fs": 1.0}},
    "trainer": {"max_epochs": 2},
    "early_stopping": {"monitor": "val/loss"},
    "checkpoint": {"monitor": "val/loss"},
}


def changed(**parts: dict) -> dict:
    return deepcopy(ONE) | parts


def test_another_label_alone_is_served():
    other = changed(data={"init_args": {"target": "ph<7.05", "fs": 1.0}})
    before = deepcopy((ONE, other))
    check_other_label("r", ONE, other, learnt_label=False)
    assert (ONE, other) == before


@pytest.mark.parametrize(
    ("here", "learnt_label", "message"),
    [
        (ONE, True, "networks of run r learnt a label; only those whose loss does without"),
        (changed(checkpoint={"monitor": "val/auroc"}), False, "were stopped by a metric of the label"),
        (changed(data={"init_args": {"target": "ph<7.05", "fs": 4.0}}), False, "another configuration in data; give"),
        (changed(trainer={"max_epochs": 3}, model={}), False, "another configuration in model, trainer; give"),
    ],
)
def test_what_depends_on_the_label_is_refused(here, learnt_label, message):
    with pytest.raises(CheckpointError, match=message):
        check_other_label("r", ONE, here, learnt_label=learnt_label)
