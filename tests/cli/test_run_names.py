"""Names of runs: what differs from the configuration that a run started from."""

from pathlib import Path

import pytest
import yaml

from fhr.cli.configurations import shipped_configurations
from fhr.cli.run_names import differences, joined, starting_point

CNN = yaml.safe_load(shipped_configurations()["cnn"].read_text())


def changed(**settings: object) -> dict:
    """The configuration `cnn` with other settings, their names with `__` for dots."""
    config = yaml.safe_load(yaml.safe_dump(CNN))
    for name, value in settings.items():
        *path, last = name.split("__")
        place = config
        for part in path:
            place = place[part]
        place[last] = value
    return config


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, ""),
        ({"model__init_args__learning_rate": 0.001}, "lr=0.001"),
        (
            {"seed_everything": 7, "trainer__max_epochs": 3, "model__init_args__model__init_args__n_filters": 32},
            "n_filters=32 epochs=3 seed=7",
        ),
        ({"model__init_args__model__init_args__kernel_sizes": [5, 11]}, "kernel_sizes=5-11"),
        ({"data__init_args__augmentation": None}, "augmentation=none"),
        # an object of another class says enough, and the class of the network is the name itself
        ({"model__init_args__loss": {"class_path": "a.b.Hinge", "init_args": {"margin": 2}}}, "loss=Hinge"),
        ({"model__init_args__model": {"class_path": "my.Net", "init_args": {"width": 9, "n_filters": 1}}}, ""),
        ({"data__class_path": "my.Data", "data__init_args": {"hospital": 3, "batch_size": 8}}, "batch_size=8"),
        # said elsewhere in the name, or of no matter for the numbers
        ({"data__init_args__target": "ph<7.05", "data__init_args__root": "/data", "data__init_args__fold": 3}, ""),
        ({"trainer__accelerator": "gpu", "trainer__log_every_n_steps": 1, "trainer__logger": False}, ""),
        ({f"data__init_args__{c}": i for i, c in enumerate("abcdef")}, "a=0 b=1 c=2 d=3 +2"),
    ],
)
def test_differences_are_few_and_short(settings, said):
    assert differences(changed(**settings), CNN) == said


def test_sections_can_be_chosen():
    config = changed(model__init_args__learning_rate=0.1, data__init_args__batch_size=8)
    assert differences(config, CNN, sections=("data",)) == "batch_size=8"


def test_a_run_starts_from_what_was_named_or_from_the_nearest_with_its_network():
    shipped = shipped_configurations()
    named = ["--config", "mine.yaml", f"--config={shipped['multiscale']}"]
    assert starting_point(CNN, named) == shipped["multiscale"]
    mine = changed(model__init_args__learning_rate=0.5)
    assert starting_point(mine, ["--config", "mine.yaml"]) == shipped["cnn"]
    other = yaml.safe_load(shipped["resnet1d"].read_text())
    assert starting_point(other, []) == shipped["resnet1d"]
    unknown = changed(model__init_args__model={"class_path": "my.Net"})
    assert starting_point(unknown, [str(Path("cnn.yaml"))]) is None


def test_a_name_without_differences_has_no_gap():
    assert joined("InceptionNet", "", "births", "fold 0") == "InceptionNet, births, fold 0"
    assert joined("InceptionNet", "lr=0.1", "births") == "InceptionNet lr=0.1, births"
