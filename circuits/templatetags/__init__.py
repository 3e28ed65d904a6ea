"""Template tags of circuits."""
