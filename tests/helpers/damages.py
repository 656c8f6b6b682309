"""What can happen to the bytes of a file: functions of a generator and a bytearray, in place."""

import numpy as np

FREE = 2**27  # bytes of memory that any file may take
ODD = [0, 1, 255, 2**31 - 1, 2**32 - 1, 2**40, 2**62, 2**63, 2**64 - 1]


def flipped(rng, data):
    for _ in range(int(rng.integers(1, 9))):
        data[rng.integers(0, len(data))] = rng.integers(0, 256)


def flipped_at_an_end(rng, data):
    near = min(len(data), 600)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(0, near))
        data[at if rng.random() < 0.5 else len(data) - near + at] = rng.integers(0, 256)


def one_bit(rng, data):
    data[rng.integers(0, len(data))] ^= 1 << int(rng.integers(0, 8))


def truncated(rng, data):
    del data[int(rng.integers(0, len(data))) :]


def extended(rng, data):
    data += bytes(rng.integers(0, 256, int(rng.integers(1, 2000)), np.uint8))


def cut_out(rng, data):
    at = int(rng.integers(0, len(data)))
    del data[at : at + int(rng.integers(1, 64))]


def zeroed(rng, data):
    at, n = int(rng.integers(0, len(data))), int(rng.integers(1, 600))
    data[at : at + n] = bytes(len(data[at : at + n]))


def odd_number(rng, data):
    """A size or an address that claims too much."""
    at, n = int(rng.integers(0, max(1, len(data) - 8))), int(rng.choice([2, 4, 8]))
    number = ODD[rng.integers(0, len(ODD))] % 256**n
    data[at : at + n] = number.to_bytes(n, "little")


def odd_digits(rng, data):
    """Another number in a text."""
    digits = [i for i, byte in enumerate(data) if chr(byte).isdigit()]
    for at in rng.choice(digits, min(len(digits), int(rng.integers(1, 4)))) if digits else ():
        data[int(at)] = ord(str(rng.integers(0, 10)))


def exchanged(rng, data):
    n = int(rng.integers(1, 200))
    a, b = (int(rng.integers(0, max(1, len(data) - n))) for _ in range(2))
    data[a : a + n], data[b : b + n] = data[b : b + n], data[a : a + n]


BYTES = [
    flipped, flipped_at_an_end, one_bit, truncated, extended, cut_out, zeroed, odd_number,
    odd_digits, exchanged,
]  # fmt: skip
