"""Computing: the device, processes and Dask workers, their interruption, progress bars."""

from .device import check_device, pick_device
from .generators import generator_states, seeded, set_generators
from .interruption import Terminated, interruptible
from .pool import check_scheduler, check_workers, spread
from .progress_bars import progress, progress_bar
from .workers import end_with_parent

__all__ = [
    "Terminated",
    "check_device",
    "check_scheduler",
    "check_workers",
    "end_with_parent",
    "generator_states",
    "interruptible",
    "pick_device",
    "progress",
    "progress_bar",
    "seeded",
    "set_generators",
    "spread",
]
