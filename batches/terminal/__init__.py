"""Batches from a terminal: what ``manage.py batch`` takes, does and says. It acts through the services of the site."""
