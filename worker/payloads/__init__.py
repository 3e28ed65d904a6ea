"""What becomes of payloads that are big: packed, kept outside Temporal, counted, swept. Small ones stay plain JSON."""
