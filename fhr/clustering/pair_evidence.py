"""Weight of a pair in nats: how much one reader's word counts beside the values of two records."""

from math import log

__all__ = ["EVIDENCE"]

EVIDENCE = log(9)
"""Evidence of a pair of weight 1, nats: the log odds of a reader who is right nine times in ten.

The pair outweighs values that speak against it with less than nine to one. A reader who is right in 19 of 20 weighs
1.34, one who is right in three of four 0.5. The value is no setting: it is what the weight 1 means.
"""
