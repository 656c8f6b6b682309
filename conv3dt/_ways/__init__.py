"""The ways to compute a layer: a folder each, and what they share."""
