"""Files of recordings, read to and written from `Recording`."""

from .annotations_of import read_annotations
from .archives.run_file import RUN_SUFFIX, RunFile, is_run_file, write_run_file
from .arrays.hdf5 import read_hdf5
from .arrays.matlab import read_mat
from .arrays.npz import read_npz, write_npz
from .arrays.parquet import read_parquet, write_parquet
from .edf.recording import read_edf, read_edf_annotations
from .edf.writing import write_edf
from .fhrma.markers import read_fhrma_markers
from .fhrma.recording import read_fhrma
from .files.regular_file import open_regular, read_whole
from .files.whole_file import whole_as_named, whole_or_not_at_all
from .folder import FolderContents, contents_of, recordings_in
from .joining import join, join_recordings
from .metadata.annotations import Annotation
from .not_kept import not_kept
from .reading import options_taken, read
from .tables.table import read_table, write_table
from .wfdb.annotations import read_wfdb_annotations
from .wfdb.ctu_uhb_header import plausible
from .wfdb.record import read_wfdb, write_wfdb
from .writing import WRITERS, write

__all__ = [
    "RUN_SUFFIX",
    "WRITERS",
    "Annotation",
    "FolderContents",
    "RunFile",
    "contents_of",
    "is_run_file",
    "join",
    "join_recordings",
    "not_kept",
    "open_regular",
    "options_taken",
    "plausible",
    "read",
    "read_annotations",
    "read_edf",
    "read_edf_annotations",
    "read_fhrma",
    "read_fhrma_markers",
    "read_hdf5",
    "read_mat",
    "read_npz",
    "read_parquet",
    "read_table",
    "read_wfdb",
    "read_wfdb_annotations",
    "read_whole",
    "recordings_in",
    "whole_as_named",
    "whole_or_not_at_all",
    "write",
    "write_edf",
    "write_npz",
    "write_parquet",
    "write_run_file",
    "write_table",
    "write_wfdb",
]
