"""Batches: many items go through, each counted exactly once."""
