"""Volumes that need not fit into memory: read, computed and written part by part."""
