"""The rules of the house, each with a proof that its checker would notice."""
