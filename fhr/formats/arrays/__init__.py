"""Recordings in named arrays: NumPy, MATLAB, HDF5 and Parquet files."""
