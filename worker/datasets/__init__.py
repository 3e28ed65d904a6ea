"""Data sets that live outside Temporal: named by reference, checked before and while they are read, read by offset."""
