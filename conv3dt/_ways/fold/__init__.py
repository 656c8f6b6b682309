"""Input positions in the lanes, results folded into the outputs."""
