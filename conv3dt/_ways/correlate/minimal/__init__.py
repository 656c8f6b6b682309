"""Of fewer products: two neighbouring taps of depth, and of height, share some."""
