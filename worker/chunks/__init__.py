"""Runs the chunks of batches: items read by offset, jobs called, outcomes written down before they count."""
