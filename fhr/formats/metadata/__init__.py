"""Metadata of a recording, all but its signals: plain values that files keep, and notes on times of it."""
