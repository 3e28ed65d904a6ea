"""One command starts it all, and ends it all."""
