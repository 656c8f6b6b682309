"""Output channels in the lanes."""
