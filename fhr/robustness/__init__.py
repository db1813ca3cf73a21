"""How much a trace would have to change before the verdict does: bounds of networks."""

from .layer_bound import layer_bound
from .lipschitz_bound import lipschitz_bound

__all__ = ["layer_bound", "lipschitz_bound"]
