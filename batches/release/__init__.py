"""Approval in front: a batch that somebody has to approve before it begins, from the question to what came of it."""
