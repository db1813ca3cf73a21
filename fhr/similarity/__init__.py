"""Similar labours: embeddings of windows, distances, retrieval in a database, and p-values of being so close."""

from .distance import DISTANCES, Distance, Euclidean, Laplacian, Mahalanobis
from .embedding import Embedding, embedding_from
from .index import SimilarityIndex
from .index_building import index_of_recordings, index_of_table
from .labour_windows import LabourWindows
from .named_embeddings import EMBEDDINGS, UC_WEIGHT, feature_embedding, raw_signals

__all__ = [
    "DISTANCES",
    "EMBEDDINGS",
    "UC_WEIGHT",
    "Distance",
    "Embedding",
    "Euclidean",
    "LabourWindows",
    "Laplacian",
    "Mahalanobis",
    "SimilarityIndex",
    "embedding_from",
    "feature_embedding",
    "index_of_recordings",
    "index_of_table",
    "raw_signals",
]
