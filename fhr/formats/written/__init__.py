"""Numbers, values and names as people write them."""
