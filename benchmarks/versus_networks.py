"""Time whole networks of PyTorch as they are and accelerated, and where their time goes.

    python benchmarks/versus_networks.py [--networks NAME ...] [--rounds N] [--report]
        [--output F.png]

Forward passes without gradients, and training steps: forward, backward, no optimizer. Both models
have the same weights and take turns; the best of the rounds is compared, in processor time with one
thread. Then the leaves of the forward pass are timed one by one: their shares are the picture F.
`--report` prints these, and the time of each convolution.
"""

import argparse
import copy
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

if not __package__:  # run as a script: `benchmarks` lies beside conv3dt
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# PyTorch is loaded by functions: asv reads all files of this folder, also where it is missing.

KINDS = "kernel 3 and more", "transposed", "kernel 1", "depthwise", "norm", "activation", "rest"


def generator(nn: Any) -> Any:
    """The generator of 3D-GAN (Wu et al., 2016): 200 numbers to 64^3 voxels."""
    layers: list[Any] = []
    for number, (inputs, outputs) in enumerate(pairwise((200, 512, 256, 128, 64))):
        how = (4, 2, 1) if number else (4, 1)
        layers += [nn.ConvTranspose3d(inputs, outputs, *how), nn.BatchNorm3d(outputs)]
        layers += [nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ConvTranspose3d(64, 1, 4, 2, 1), nn.Sigmoid())


def unet(nn: Any) -> Any:
    """A plain 3-D U-Net as nnU-Net plans it: 6 stages of 32 to 320 channels, 3 classes."""
    import torch

    def block(inputs: int, outputs: int, stride: int = 1) -> Any:
        layers: list[Any] = []
        for i, s in ((inputs, stride), (outputs, 1)):
            layers += [nn.Conv3d(i, outputs, 3, s, 1), nn.InstanceNorm3d(outputs, affine=True)]
            layers += [nn.LeakyReLU(0.01, True)]
        return nn.Sequential(*layers)

    class UNet(nn.Module):  # type: ignore[misc]
        def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 256, 320, 320)) -> None:
            super().__init__()
            down = pairwise(widths)
            self.down = nn.ModuleList([block(1, widths[0]), *(block(a, b, 2) for a, b in down)])
            up = [*pairwise(widths[::-1])]
            self.up = nn.ModuleList([nn.ConvTranspose3d(a, b, 2, 2) for a, b in up])
            self.decode = nn.ModuleList([block(2 * b, b) for _, b in up])
            self.classes = nn.Conv3d(widths[0], 3, 1)

        def forward(self, x: Any) -> Any:
            kept = [x := stage(x) for stage in self.down]
            for up, decode, skip in zip(self.up, self.decode, kept[-2::-1], strict=True):
                x = decode(torch.cat([up(x), skip], 1))
            return self.classes(x)

    return UNet()


def mednext(nn: Any) -> Any:
    """Four blocks as MedNeXt has them: depthwise kernel 5, expansion by 4, residual."""

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self, channels: int) -> None:
            super().__init__()
            wide = 4 * channels
            self.all = nn.Sequential(
                nn.Conv3d(channels, channels, 5, 1, 2, groups=channels),
                nn.GroupNorm(channels, channels), nn.Conv3d(channels, wide, 1), nn.GELU(),
                nn.Conv3d(wide, channels, 1),
            )  # fmt: skip

        def forward(self, x: Any) -> Any:
            return x + self.all(x)

    return nn.Sequential(nn.Conv3d(1, 32, 1), *(Block(32) for _ in range(4)))


NETWORKS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "generator, batch 8": (generator, (8, 200, 1, 1, 1)),
    "U-Net, 64^3": (unet, (1, 1, 64, 64, 64)),
    "U-Net, 96^3": (unet, (1, 1, 96, 96, 96)),
    "MedNeXt blocks, 64^3": (mednext, (1, 1, 64, 64, 64)),
}


def forward(network: Any, x: Any) -> None:
    """Run a network without gradients."""
    import torch

    with torch.no_grad():
        network(x)


def step(network: Any, x: Any) -> None:
    """Run a network forward and backward."""
    network.zero_grad()
    network(x).square().mean().backward()


def bests(calls: list[Callable[[], None]], rounds: int, clock: Callable[[], float]) -> list[float]:
    """Return the least milliseconds of each call; they take turns."""
    found = [float("inf")] * len(calls)
    for _ in range(rounds + 1):  # the first compiles
        for n, call in enumerate(calls):
            start = clock()
            call()
            found[n] = min(found[n], (clock() - start) * 1e3)
    return found


def kind_of(leaf: Any, nn: Any) -> str:
    """Return the kind of a layer, one of KINDS."""
    if isinstance(leaf, nn.ConvTranspose3d):
        return "transposed"
    if isinstance(leaf, nn.Conv3d):
        if leaf.groups > 1:
            return "depthwise"
        return "kernel 1" if max(leaf.kernel_size) == 1 else "kernel 3 and more"
    return "norm" if "Norm" in type(leaf).__name__ else "activation"


def shares(network: Any, x: Any, rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """Return the milliseconds of a forward pass by kinds of layers; the rest is between layers."""
    from torch import nn

    leaves = [m for m in network.modules() if not [*m.children()]]
    starts: dict[Any, float] = {}
    best: dict[str, float] = {"": float("inf")}
    for _ in range(rounds):
        times: Counter[str] = Counter()

        def began(leaf: Any, _: Any) -> None:
            starts[leaf] = clock()

        def ended(leaf: Any, *_: Any, times: Counter[str] = times) -> None:
            times[kind_of(leaf, nn)] += (clock() - starts[leaf]) * 1e3

        hooks = [leaf.register_forward_pre_hook(began) for leaf in leaves]
        hooks += [leaf.register_forward_hook(ended) for leaf in leaves]
        start = clock()
        forward(network, x)
        times[""] = (clock() - start) * 1e3
        times["rest"] = times[""] - sum(ms for kind, ms in times.items() if kind)
        for hook in hooks:
            hook.remove()
        best = min(best, dict(times), key=lambda found: found[""])
    return best


def draw(path: str, found: dict[str, tuple[dict[str, float], dict[str, float]]]) -> None:
    """Draw the shares of each network, PyTorch above conv3dt, as bars of milliseconds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.2 + 1.1 * len(found)), layout="constrained")
    axes = figure.subplots(len(found), 1, squeeze=False)[:, 0]
    for axis, (name, pair) in zip(axes, found.items(), strict=True):
        for row, times in enumerate(pair):
            left = 0.0
            for number, kind in enumerate(KINDS):
                axis.barh(row, times.get(kind, 0), left=left, color=f"C{number}", label=kind)
                left += times.get(kind, 0)
        axis.set(yticks=[0, 1], yticklabels=["PyTorch", "conv3dt"], title=name)
        axis.invert_yaxis()
    axes[-1].set_xlabel("forward pass, milliseconds")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles[: len(KINDS)], labels[: len(KINDS)], loc="outside lower center", ncols=4)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Print the table, and draw the picture if asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=[*NETWORKS])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--report", action="store_true", help="of each layer, forward")
    parser.add_argument("--output")
    arguments = parser.parse_args()
    import torch
    from torch import nn

    import conv3dt.torch

    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    clock = time.process_time if arguments.threads == 1 else time.perf_counter
    found = {}
    print(
        "| network | pass | PyTorch, ms | conv3dt, ms | ratio |\n| --- | --- | ---: | ---: | ---: |"
    )
    for name in arguments.networks:
        make, shape = NETWORKS[name]
        network, x = make(nn), torch.randn(shape)
        networks = network, conv3dt.torch.accelerate(copy.deepcopy(network))
        for what in (forward, step):
            calls = [lambda n=n, what=what, x=x: what(n, x) for n in networks]
            theirs, ours = bests(calls, arguments.rounds, clock)
            print(f"| {name} | {what.__name__} | {theirs:.0f} | {ours:.0f} | {theirs / ours:.2f} |")
            sys.stdout.flush()
        theirs_by, ours_by = (shares(n, x, arguments.rounds, clock) for n in networks)
        found[name] = theirs_by, ours_by
        if arguments.report:
            for title, by in (("PyTorch", theirs_by), ("conv3dt", ours_by)):
                parts = ", ".join(f"{kind} {by[kind]:.0f}" for kind in KINDS if kind in by)
                print(f"\n{title}, forward, ms: {parts}")
            print(f"\n{conv3dt.torch.report(networks[1].eval(), x)}\n")
    if arguments.output:
        draw(arguments.output, found)


if __name__ == "__main__":
    main()
