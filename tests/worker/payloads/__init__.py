"""Tests of big payloads: packed, kept outside Temporal, counted, swept."""
