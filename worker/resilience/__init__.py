"""Building blocks for what lives long or may fail: pure, time passed in, useful without the rest of this house."""
