"""One input channel for each output, or few, channels in the lanes."""
