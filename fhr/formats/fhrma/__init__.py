"""FHRMA and OpenCTG files."""
