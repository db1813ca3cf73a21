"""Archives, many things in one file: arrays, and the files of a run."""
