"""`ConfiguredMaker`: trainings of one configuration, parsed once in a process and instantiated for each model."""

from functools import lru_cache

from fhr.datasets import Place
from fhr.tasks import Training

from .training import TrainingCLI, quieten

__all__ = ["ConfiguredMaker"]


class ConfiguredMaker:
    """Task, data module and trainer of a configuration, made anew at each place.

    Args:
        configuration: resolved, as text in YAML; it travels to workers, which may be elsewhere.
        name: of the network, in tables.
        permute: seed of the permutation, where the configuration is of a control.
    """

    def __init__(self, configuration: str, name: str, permute: int | None = None) -> None:
        self.configuration, self.name, self.permute = configuration, name, permute

    def __call__(self, place: Place, seed: int) -> Training:
        """The training of one place."""
        cli = _parsed(self.configuration)
        cli.instantiate_anew(seed)
        return Training(cli.model, cli.datamodule.at(place), cli.trainer)


@lru_cache(maxsize=1)
def _parsed(configuration: str) -> TrainingCLI:
    quieten()
    return TrainingCLI(["--config", configuration], tracked=False, run=False)
