"""Where arrays meet a plan."""
