"""Tests of the failures of batches: groups, one item, files."""
