"""The limits of task queues: what workers take, what the server hands out, and who set that (ADR 32)."""
