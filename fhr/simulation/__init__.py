"""Simulated labours in the form of the CTU-UHB database, for tests, demonstrations and known answers."""

from .database import write_database
from .simulate import simulate, simulate_recording

__all__ = ["simulate", "simulate_recording", "write_database"]
