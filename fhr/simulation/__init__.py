"""Simulated labours in the form of the CTU-UHB database, for tests, demonstrations and known answers."""

from .database import write_database
from .outcome import EXPLAINED
from .simulated_labours import simulate, simulate_labour, simulate_labours, simulate_recording
from .truth import EVENT_KINDS, SimulatedLabour, TrueEvents, Truth
from .truth_file import read_truth
from .truth_signals import TRUTH_SIGNALS, truth_signals

__all__ = [
    "EVENT_KINDS",
    "EXPLAINED",
    "TRUTH_SIGNALS",
    "SimulatedLabour",
    "TrueEvents",
    "Truth",
    "read_truth",
    "simulate",
    "simulate_labour",
    "simulate_labours",
    "simulate_recording",
    "truth_signals",
    "write_database",
]
