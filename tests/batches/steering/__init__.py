"""What ops order of batches that run."""
