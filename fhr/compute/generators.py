"""Random generators that all of Python shares: their states, and a seed that holds for one block only."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

__all__ = ["generator_states", "seeded", "set_generators"]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators of Python, NumPy and torch; afterwards they go on where they stood.

    Networks draw their first weights from the generator of torch, and a model of somebody else may draw from any.

    Args:
        seed: from 0 to 2**32 - 1.
    """
    import numpy as np  # here, so that `fhr --help` stays light
    import torch

    before = generator_states()
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  # the global one, which others draw from
    # For a device that may come torch keeps the seed and the stack, which takes longer than a linear line is fitted.
    drawing = torch if torch.accelerator.is_available() else torch.default_generator
    drawing.manual_seed(seed)
    try:
        yield
    finally:
        set_generators(before)


def generator_states() -> dict[str, Any]:
    """The states of the global generators, in plain types and tensors."""
    import numpy as np
    import torch

    kind, keys, *place = np.random.get_state()  # noqa: NPY002
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all(),
        "numpy": [kind, np.asarray(keys).tolist(), *place],
        "python": [list(part) if isinstance(part, tuple) else part for part in random.getstate()],
    }


def set_generators(states: Mapping[str, Any]) -> None:
    """Let the global generators go on from what `generator_states` gave."""
    import numpy as np
    import torch

    torch.set_rng_state(states["torch"].cpu())
    if len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([state.cpu() for state in states["cuda"]])
    kind, keys, *place = states["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *place))  # noqa: NPY002
    random.setstate(tuple(tuple(part) if isinstance(part, list) else part for part in states["python"]))
