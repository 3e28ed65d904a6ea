"""What one page reads more than once is read once: see live.once."""

from live.once import Memory, once, read_once, remember, remembering

__all__ = ["Memory", "once", "read_once", "remember", "remembering"]
