"""Activations: their formulas, and the same on vectors."""
