"""Kinds of labour: clusters with confidence in their number and in every membership, where one kind is an answer."""
