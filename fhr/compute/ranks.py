"""Processes that train one network together: the first of them speaks for all."""

import os
import sys

__all__ = ["is_first_process"]


def is_first_process() -> bool:
    """True unless this is another process of one training, started by Lightning, `torchrun` or a cluster.

    Lightning knows once it is loaded; before, the environment of Lightning and `torchrun` says it.
    """
    loaded = sys.modules.get("lightning_utilities.core.rank_zero")
    rank = getattr(getattr(loaded, "rank_zero_only", None), "rank", None)
    if rank is None:
        rank = os.environ.get("RANK") or os.environ.get("LOCAL_RANK") or 0
    return int(rank) == 0
