"""What ops order of batches that run: pause, resume, cancel, other limits, failed items once more."""
