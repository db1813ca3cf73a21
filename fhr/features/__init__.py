"""Scalar features of a recording, and the one table that holds them."""

from .order_statistics import ORDER_STATISTICS, order_statistic_names, order_statistics
from .table import feature_table

__all__ = ["ORDER_STATISTICS", "feature_table", "order_statistic_names", "order_statistics"]
