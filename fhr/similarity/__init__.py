"""Similar labours: embeddings of windows, distances, retrieval in a database, and p-values of being so close."""

from .approximate_search import ApproximateSearch
from .coarse_signals import UC_WEIGHT
from .distance import DISTANCES, Distance, Euclidean, Laplacian, Mahalanobis
from .elastic import Alignment, elastic_alignment, rigid_alignment
from .embedding import Embedding
from .index import OwnWindows, SimilarityIndex
from .index_building import index_of_recordings, index_of_table
from .labour_windows import LabourWindows
from .learned_metric import FittedMetric, LearnedMetric
from .match_columns import COLUMNS, MATCH_COLUMNS
from .match_display import take_figure_suffix
from .matches import Matches
from .named_embeddings import EMBEDDINGS, embedding_from, feature_embedding, raw_signals
from .opening import OpenIndex, has_settings, open_index
from .retrieval import TARGETS, similar
from .sliced_wasserstein import sliced_wasserstein
from .special import UnrelatedLabours, p_special
from .surrogate_null import SurrogateNull, p_surrogate, surrogates_of
from .tail import PValues, TailFit, fit_tail, with_tail
from .window_pairs import WindowPair

__all__ = [
    "COLUMNS",
    "DISTANCES",
    "EMBEDDINGS",
    "MATCH_COLUMNS",
    "TARGETS",
    "UC_WEIGHT",
    "Alignment",
    "ApproximateSearch",
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
    "OwnWindows",
    "PValues",
    "SimilarityIndex",
    "SurrogateNull",
    "TailFit",
    "UnrelatedLabours",
    "WindowPair",
    "elastic_alignment",
    "embedding_from",
    "feature_embedding",
    "fit_tail",
    "has_settings",
    "index_of_recordings",
    "index_of_table",
    "open_index",
    "p_special",
    "p_surrogate",
    "raw_signals",
    "rigid_alignment",
    "similar",
    "sliced_wasserstein",
    "surrogates_of",
    "take_figure_suffix",
    "with_tail",
]
