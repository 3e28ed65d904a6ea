"""Tests of what keeps batches true: told, reconciled, cleaned up."""
