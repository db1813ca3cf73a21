"""Computing: the device, processes and Dask workers, interruption, random streams, counts, steps, progress bars."""

from .ahead import worked_ahead
from .device import check_device, pick_device
from .generators import generator_states, seeded, set_generators
from .interruption import Terminated, interruptible
from .late_names import late_names
from .pool import check_scheduler, check_workers, spread
from .progress_bars import progress, progress_bar
from .ranks import alone, further_process, is_first_process, is_one_of_several
from .slow_imports import slow_imports_are_told
from .steps import Countdown, concerning, subject, tell
from .streams import Purpose, seed_of, stream
from .whole_numbers import whole_number
from .workers import end_with_parent

__all__ = [
    "Countdown",
    "Purpose",
    "Terminated",
    "alone",
    "check_device",
    "check_scheduler",
    "check_workers",
    "concerning",
    "end_with_parent",
    "further_process",
    "generator_states",
    "interruptible",
    "is_first_process",
    "is_one_of_several",
    "late_names",
    "pick_device",
    "progress",
    "progress_bar",
    "seed_of",
    "seeded",
    "set_generators",
    "slow_imports_are_told",
    "spread",
    "stream",
    "subject",
    "tell",
    "whole_number",
    "worked_ahead",
]
