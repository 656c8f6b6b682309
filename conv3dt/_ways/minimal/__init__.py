"""Fewer products than the definition has: minimal filtering, two outputs of an axis at a time."""
