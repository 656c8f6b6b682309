"""One axis in integers, axes, tiles, types and the tables of tuning: what everything rests on."""
