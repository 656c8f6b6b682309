"""Outputs that need not fit into memory: computed brick by brick, kept chunk by chunk."""
