"""
A denoising autoencoder, trained
================================

Two convolutions make 8 x 8 x 8 x 8 numbers of a noisy volume of 32 x 32 x 32 voxels, two transposed
ones make a volume of these. It learns to leave the noise out, with NumPy arrays alone.
"""

import matplotlib.pyplot as plt
import numpy as np

import conv3dt
from conv3dt.keras import Variable, initializers, optimizers
from conv3dt.keras.layers import Conv3DTranspose

# %%
# A layer's ``vjp`` returns its output, and what takes the gradient back. The encoder has the same.


class Conv3D:
    def __init__(self, inputs, outputs):
        kernel = initializers.GlorotUniform(outputs)((4, 4, 4, inputs, outputs), "float32")
        self.trainable_variables = [Variable(kernel, "w"), Variable(np.zeros(outputs, "f4"), "b")]

    def vjp(self, x):
        kernel, bias = (v.value() for v in self.trainable_variables)
        how = {"bias": bias, "activation": "elu"}
        y = conv3dt.conv3d(x, kernel, 2, "SAME", **how)

        def pullback(dy):
            dx, *grads = conv3dt.conv3d_backprop(dy, x, kernel, 2, "SAME", output=y, **how)
            return dx, grads

        return y, pullback


layers = [Conv3D(1, 16), Conv3D(16, 8)]
layers += [Conv3DTranspose(n, 4, 2, "same", activation=f) for n, f in ((16, "elu"), (1, None))]
rng, along = np.random.default_rng(0), np.linspace(-1, 1, 32, dtype=np.float32)


# %%
# Each step draws new ellipsoids, goes forward and back, and lets Adam move the weights.
def volumes(count):
    x = np.zeros((count, 32, 32, 32, 1), np.float32)
    for volume in np.repeat(range(count), 5):
        centre, axes = rng.uniform(-0.4, 0.4, (3, 1)), rng.uniform(0.15, 0.8, (3, 1))
        d, h, w = np.square((along - centre) / axes)
        x[volume, d[:, None, None] + h[:, None] + w <= 1] += rng.choice([-0.3, 0.5])
    return x, x + rng.normal(0, 0.3, x.shape).astype(np.float32)


losses, adam = [], optimizers.Adam(0.003)
for step in range(201):
    target, noisy = volumes(8)
    y, pullbacks = noisy, []
    for layer in layers:
        y, pullback = layer.vjp(y)
        pullbacks.append(pullback)
    losses.append(np.square(y - target).mean())
    dy, grads = (y - target) * np.float32(2 / y.size), []
    for pullback in reversed(pullbacks):
        dy, some = pullback(dy)
        grads = [*some, *grads]
    variables = [v for layer in layers for v in layer.trainable_variables]
    adam.apply_gradients(zip(grads, variables, strict=True))
    if step % 20 == 0:
        print(f"step {step:3}: mean squared error {losses[-1]:.4f}", flush=True)

# %%
# The error step by step; a slice of a volume that was new in the last one.

figure, axes = plt.subplots(1, 4, figsize=(12, 3), layout="constrained")
axes[0].semilogy(losses)
axes[0].set(title="mean squared error", xlabel="step")
for axis, x, title in zip(axes[1:], (noisy, y, target), ("noisy", "cleaned", "true"), strict=True):
    axis.imshow(x[0, 16, :, :, 0], cmap="gray", vmin=-0.7, vmax=1.5)
    axis.set(title=title, xticks=[], yticks=[])
