"""A small service to watch circuits by: it fails, dawdles or hangs exactly as it is told."""
