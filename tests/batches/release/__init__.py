"""A batch that somebody has to approve before it begins."""
