"""What the measurements share, and their parts."""
