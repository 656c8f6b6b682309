"""Output positions in the lanes."""
