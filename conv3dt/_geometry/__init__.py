"""One axis in integers, axes, types of numbers, the tables of tuning: what all else rests on."""
