"""Building blocks for what lives long or may fail: pure, useful without the rest of this house (README.md)."""
