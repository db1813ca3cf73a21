"""`ConfiguredMaker`: trainings of one configuration, parsed once in a process and instantiated for each model."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Self

from fhr.datasets import Place
from fhr.tasks import Training

from .quiet_libraries import quieten
from .training_cli import TrainingCLI

__all__ = ["ConfiguredMaker"]


class ConfiguredMaker:
    """Task, data module and trainer of a configuration, made anew at each place.

    Args:
        configuration: resolved, as text in YAML; it travels to workers, which may be elsewhere.
        name: of the network, in tables.
        permute: seed of the permutation, where the configuration is of a control.
        made_of: classes of task, network and data, whose source tells whether finished folds may be used again.
    """

    def __init__(self, configuration: str, name: str, permute: int | None = None, made_of: Sequence[type] = ()) -> None:
        self.configuration, self.name, self.permute = configuration, name, permute
        self.made_of = made_of

    @classmethod
    def of(cls, cli: TrainingCLI, name: str) -> Self:
        """The maker of what a command line has configured."""
        classes = {type(module) for module in (*cli.model.modules(), cli.datamodule)}
        made_of = sorted(classes, key=lambda one: (one.__module__, one.__qualname__))
        return cls(cli.configuration(), name, cli.datamodule.permute, made_of)

    def __reduce__(self) -> tuple[type, tuple[str, str, int | None]]:
        """Classes stay here: a worker makes its own of the configuration."""
        return ConfiguredMaker, (self.configuration, self.name, self.permute)

    def __call__(self, place: Place, seed: int) -> Training:
        """The training of one place."""
        cli = _parsed(self.configuration)
        cli.instantiate_anew(seed)
        return Training(cli.model, cli.datamodule.at(place), cli.trainer, cli.calibration.checkpoint)


@lru_cache(maxsize=1)
def _parsed(configuration: str) -> TrainingCLI:
    quieten()
    return TrainingCLI(["--config", configuration], tracked=False, run=False)
