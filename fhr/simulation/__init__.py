"""Simulated labours in the form of the CTU-UHB database, for tests, demonstrations and known answers."""

from .course import simulated_labour
from .database import write_database
from .labour import Labour
from .simulate import simulate, simulate_recording

__all__ = ["Labour", "simulate", "simulate_recording", "simulated_labour", "write_database"]
