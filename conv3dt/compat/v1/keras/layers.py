"""Layers, as in `tf.compat.v1.keras.layers`: those of `conv3dt.keras.layers`."""

from ....keras.layers import Conv3DTranspose, Convolution3DTranspose

__all__ = ["Conv3DTranspose", "Convolution3DTranspose"]
