"""The admin site of accounts, a file for each subject."""

from accounts.admin import deliveries, letters, receivers  # noqa: F401  (each registers its rows)
