"""What a micro-kernel is specialised to: the words that plans and kernels share."""

from typing import NamedTuple

__all__ = ["ACTIVATIONS", "ITEMSIZE", "STORAGES", "Tile", "WideTile", "compute_type"]

# The position in these tuples is the number that stands for the name inside compiled code.
ACTIVATIONS = (
    *("linear", "relu", "relu6", "leaky_relu", "elu", "sigmoid", "tanh"),
    *("selu", "gelu", "gelu_tanh", "swish", "mish", "softplus", "softsign"),
    *("exponential", "hard_sigmoid"),
)
STORAGES = ("float32", "float64", "float16", "bfloat16")

ITEMSIZE = {"float32": 4, "float64": 8, "float16": 2, "bfloat16": 2}


def compute_type(storage: str) -> str:
    """Return the type in which a storage type is multiplied and summed."""
    return "float64" if storage == "float64" else "float32"


class Tile(NamedTuple):
    """A register tile of outer*inner output positions by `vectors` vectors of output channels."""

    storage: str  # type of the output
    lanes: int  # numbers in a vector
    fused: bool  # multiply and add in one instruction
    outer: int  # groups of rows: along height or batch
    inner: int  # rows of a group: along width
    outer_step: int  # distance of groups in the packed input, in numbers
    inner_step: int  # distance of rows in the packed input, in numbers
    vectors: int
    last: int  # channels of the last vector that exist
    spread: bool  # whether neighbouring output channels lie apart in memory
    activation: str
    streamed: bool = False  # whether results go past the caches, where they are whole lines
    edges: tuple[tuple[int, int], ...] = ()  # inner rows from .. to that entries may be for
    ahead: int = 0  # of the next tile's inputs, behind this one's, numbers to ask for with each k

    @property
    def rows(self) -> int:
        """Output positions of the tile."""
        return self.outer * self.inner


class WideTile(NamedTuple):
    """A register tile with output positions in the lanes, for few or scattered channels.

    `outer` rows of height by `channels` by `vectors` vectors of positions along the width, for each
    of the width's phases, whose outputs are interleaved when they are stored.
    """

    storage: str  # type of the output
    lanes: int  # numbers in a vector
    fused: bool  # multiply and add in one instruction
    outer: int
    outer_step: int  # distance of rows in the packed input, in numbers
    channels: int
    vectors: int
    phases: int
    apart: bool  # each channel has rows of its own (NCDHW); else channels are neighbours
    activation: str
    streamed: bool = False  # whether results go past the caches, where they are whole lines

    @property
    def streams(self) -> int:
        """How many vectors are interleaved when they are stored."""
        return self.phases * (1 if self.apart else self.channels)
