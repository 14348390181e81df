"""Use cases of selection, one module for each part of the way."""
