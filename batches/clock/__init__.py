"""Batches by the clock: schedules that start one nightly, weekly or by cron, each time over the file of the day."""
