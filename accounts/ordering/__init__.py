"""What people signed in order of something that runs in Temporal: one way for all kinds of orders (ADR 16)."""
