"""Processes that train one network together: the first of them speaks for all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["alone", "further_process", "is_first_process", "is_one_of_several"]

# Each launcher counts its processes in variables of its own, and says in another one that they belong together.
_RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")  # all that Lightning takes for a rank
_LAUNCHED = (*_RANKS, "SLURM_NTASKS", "JSM_NAMESPACE_SIZE", "TORCHELASTIC_RUN_ID")
_INTERACTIVE = ("bash", "interactive")  # names of SLURM jobs in which Lightning starts its processes itself


def is_first_process() -> bool:
    """True unless this is another process of one training, started by Lightning, `torchrun` or a cluster."""
    return not further_process()


def is_one_of_several() -> bool:
    """True in each process that a launcher has started for one training, the first included.

    A number that a cluster gives to a job of its own, or that is left over from another program, makes none.
    """
    return bool(_ranks())


def further_process() -> str:
    """Name this process among those that train one network, such as `process 1`; empty for the first or only one."""
    joined = sys.modules.get("torch.distributed")
    if joined is not None and joined.is_available() and joined.is_initialized():
        ranks = {"process": int(joined.get_rank())}
    else:
        ranks = _ranks()
    return ", ".join(f"{name} {rank}" for name, rank in ranks.items()) if any(ranks.values()) else ""


@contextmanager
def alone() -> Iterator[None]:
    """Hide within the block what would make Lightning take this process for one of several."""
    hidden = {name: os.environ.pop(name) for name in _LAUNCHED if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _ranks() -> dict[str, int]:
    """The place of this process, by node where it is counted within one; empty for a process of no launcher."""
    if "MASTER_PORT" in os.environ:  # where the processes meet: of `torchrun`, of Lightning, or given by hand
        if (rank := _number("RANK")) is not None:
            return {"process": rank}
        if (rank := _number("LOCAL_RANK")) is not None:
            node = _number("NODE_RANK") or _number("GROUP_RANK") or 0
            return {"node": node, "process": rank} if node else {"process": rank}
    if (_number("SLURM_NTASKS") or 1) > 1 and os.environ.get("SLURM_JOB_NAME") not in _INTERACTIVE:
        return {"process": _number("SLURM_PROCID") or 0}
    if (_number("JSM_NAMESPACE_SIZE") or 1) > 1:
        return {"process": _number("JSM_NAMESPACE_RANK") or 0}
    return {}


def _number(name: str) -> int | None:
    text = os.environ.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() else None
