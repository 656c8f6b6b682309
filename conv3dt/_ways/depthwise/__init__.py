"""One input channel for each output, channels in the lanes."""
