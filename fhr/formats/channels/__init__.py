"""Channels of any file: their names, units and transducers, chosen and assembled into a recording."""
