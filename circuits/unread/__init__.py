"""What workflows keep outside Temporal and cannot have again: noted, looked after until it is well, shown to ops."""
