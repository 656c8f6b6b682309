"""The gradient of filters: products of two arrays, summed over positions."""
