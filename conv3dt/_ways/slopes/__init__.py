"""Gradients go back through an activation, and are summed for the bias: one pass."""
