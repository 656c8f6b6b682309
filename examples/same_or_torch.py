"""
'SAME' and PyTorch's padding
============================

Kernel 3, stride 2, and twice as many outputs as inputs: TensorFlow calls that ``padding='SAME'``,
PyTorch ``padding=1, output_padding=1``. The lengths agree, the values lie one voxel off.
"""

import matplotlib.pyplot as plt
import numpy as np

import conv3dt

# %%
# Five inputs of which one is 1, and a kernel whose taps are 1, 2 and 3: so one sees where every tap
# lands. TensorFlow cuts the one row too many off the end; PyTorch cuts one off the front.

x = np.zeros((1, 1, 1, 5, 1), np.float32)
x[..., 2, :] = 1
taps = np.float32([1, 2, 3]).reshape(1, 1, 3, 1, 1)
same = conv3dt.nn.conv3d_transpose(x, taps, (1, 1, 1, 10, 1), (1, 1, 2)).ravel()

# %%
# :func:`conv3dt.weights.like_torch` translates PyTorch's options into a call and what is to be cut
# out of its result.

call = conv3dt.weights.like_torch(
    (1, 1, 1, 1, 5), (1, 1, 1, 1, 3), stride=(1, 1, 2), padding=(0, 0, 1), output_padding=(0, 0, 1)
)
given = np.moveaxis(x, 4, 1)  # channels first, as in PyTorch
torch = conv3dt.conv3d_transpose(given, taps, **call.arguments)[call.crop].ravel()
print("'SAME': ", same.astype(int))
print("PyTorch:", torch.astype(int))

# %%
# Drawn: inputs above, outputs below; the third input and its three taps in colour.


def draw(ax, title, outputs):
    """Draw ten outputs below five inputs, and the taps that reach the outputs."""
    ax.scatter(2 * np.arange(5) + 0.5, np.ones(5), 300, "0.85")
    ax.scatter([4.5], [1], 300, "tab:blue")
    ax.scatter(range(10), np.zeros(10), 300, "0.93")
    for place in np.flatnonzero(outputs):
        ax.plot([4.5, place], [0.93, 0.07], "tab:orange")
        ax.scatter([place], [0], 300, "tab:orange")
    for place, value in enumerate(outputs):
        ax.text(place, 0, int(value), ha="center", va="center")
    ax.set(title=title, ylim=(-0.3, 1.3), yticks=[0, 1], yticklabels=["outputs", "inputs"])
    ax.set(xticks=range(10))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


figure, axes = plt.subplots(1, 2, figsize=(10, 3), layout="constrained")
draw(axes[0], "TensorFlow: padding='SAME'", same)
draw(axes[1], "PyTorch: padding=1, output_padding=1", torch)
plt.show()

# %%
# A model that is moved from one to the other with the wrong one of both still runs, and all that it
# makes is shifted. With kernel 2 or 4 and ``padding=0`` or ``1`` both agree.
