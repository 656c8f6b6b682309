"""Operations with the names and signatures of `tf.raw_ops`: convolutions and gradients.

All arguments are keywords.
"""

from ._activations import (
    EluGrad,
    LeakyReluGrad,
    Relu6Grad,
    ReluGrad,
    SeluGrad,
    SigmoidGrad,
    SoftplusGrad,
    SoftsignGrad,
    TanhGrad,
)
from ._convolutions import BiasAddGrad, Conv3D, Conv3DBackpropFilterV2, Conv3DBackpropInputV2

__all__ = [
    "BiasAddGrad",
    "Conv3D",
    "Conv3DBackpropFilterV2",
    "Conv3DBackpropInputV2",
    "EluGrad",
    "LeakyReluGrad",
    "Relu6Grad",
    "ReluGrad",
    "SeluGrad",
    "SigmoidGrad",
    "SoftplusGrad",
    "SoftsignGrad",
    "TanhGrad",
]
