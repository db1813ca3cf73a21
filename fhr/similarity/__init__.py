"""Similar labours: embeddings of windows, distances, retrieval in a database, and p-values of being so close."""

from .distance import DISTANCES, Distance, Euclidean, Laplacian, Mahalanobis
from .embedding import Embedding, embedding_from
from .index import SimilarityIndex
from .index_building import index_of_recordings, index_of_table
from .index_folder import OpenIndex, open_index
from .labour_windows import LabourWindows
from .learned_metric import FittedMetric, LearnedMetric
from .matches import COLUMNS, Matches
from .named_embeddings import EMBEDDINGS, UC_WEIGHT, feature_embedding, raw_signals
from .retrieval import TARGETS, similar
from .window_pairs import WindowPair

__all__ = [
    "COLUMNS",
    "DISTANCES",
    "EMBEDDINGS",
    "TARGETS",
    "UC_WEIGHT",
    "Distance",
    "Embedding",
    "Euclidean",
    "FittedMetric",
    "LabourWindows",
    "Laplacian",
    "LearnedMetric",
    "Mahalanobis",
    "Matches",
    "OpenIndex",
    "SimilarityIndex",
    "WindowPair",
    "embedding_from",
    "feature_embedding",
    "index_of_recordings",
    "index_of_table",
    "open_index",
    "raw_signals",
    "similar",
]
