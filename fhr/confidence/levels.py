"""The levels at which conformal sets are made."""

__all__ = ["LEVELS"]

LEVELS = (0.80, 0.90, 0.95)
