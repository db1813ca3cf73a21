"""Settings of one cross-validation: those of the command line, or those that a stopped run began with."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fhr.errors import CheckpointError

from .crossval_store import CrossvalStore

__all__ = ["Plan", "plan_of"]


@dataclass(frozen=True)
class Plan:
    """Settings of one cross-validation.

    Attributes:
        arguments: of the command line, for the configuration.
        config: name of the configuration's file, as it is noted down.
        baselines: slugs of linear lines to cross-validate in place of the network, or `all`.
        repeats: shuffles of the outer folds.
        n_folds: outer folds that the split must have, or None.
        inner: inner models an outer fold.
        members: retrainings of each of them.
        permutations: runs of a linear line on features that belong to other records, in place of repeats; 0 for none.
        workers: processes on this machine.
        scheduler: of Dask, in place of `workers`; or None.
        at_once: train the members of an inner fold as one batched model; None where that is faster.
        resume: run to go on with, or None.
        networks_of: run whose networks are taken in place of training, or None.
        name: of the model in tables; None for the class of the network.
        keep: folder of the kept table that gets the results, or None.
        out_of_fold: refuse weights and data that have seen test records; False marks the results.
    """

    arguments: tuple[str, ...]
    config: str = ""
    baselines: tuple[str, ...] = ()
    repeats: int = 1
    n_folds: int | None = None
    inner: int = 4
    members: int = 1
    permutations: int = 0
    workers: int = 1
    scheduler: str | None = None
    at_once: bool | None = None
    resume: str | None = None
    networks_of: str | None = None
    name: str | None = None
    keep: str | None = None
    out_of_fold: bool = True


def plan_of(store: CrossvalStore, plan: Plan) -> Plan:
    """Read the plan of a run that is there; how the work is spread may be another.

    Raises:
        CheckpointError: settings beside those of the run.
    """
    if plan.arguments or plan.baselines or plan.networks_of:
        raise CheckpointError("a run is resumed with its own configuration; leave all that would change it out")
    found: Mapping[str, str] = store.run.data.params
    return replace(
        plan,
        arguments=("--config", store.configuration()),
        config=found["config"],
        baselines=(found["baseline"],) if "baseline" in found else (),
        repeats=int(found["repeats"]),
        inner=int(found["inner_models"]),
        members=int(found["members"]),
        permutations=int(found.get("permutations", 0)),
        networks_of=found.get("networks_of"),
        name=found["name"],
        out_of_fold=found.get("out_of_fold", "True") == "True",
    )
