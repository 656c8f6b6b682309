"""Random small calls, transposed and forward, all options, against float64.

    python benchmarks/random_calls.py --calls 10000 --seed 0

Every output must lie within 4 units in the last place (eps times it) of the exact sum of absolute
products, in the accumulator's type: float32 for the half types, whose one rounding on storing comes
on top. With CONV3DT_ALGORITHM=minimal, float32 and float64 are held to the greatest such sum of
their image and channel, for neighbours share products.
An activation may add 4 units of its own result, and turns the error of its argument into at most
its largest slope times that. A call with an activation is also made without, and held to the plain
bound. Exits with status 1 if any call disagrees.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

# `tests`, where the oracle is, lies beside this folder, also for asv, which finds the folder alone;
# conv3dt is the one there for a script, and the commit's for asv.
sys.path.insert(len(sys.path) if __package__ else 0, str(Path(__file__).resolve().parents[1]))

import conv3dt
from conv3dt._runtime import team
from tests.helpers import cases, oracle

COVERED = ("dtype", "data_format", "padding", "value_layout", "filters_layout")
COVERED += ("forward", "bias", "activation", "out", "threads", "n", "ci", "co")
MOST_SHOWN = 10  # disagreements that are printed whole


def source_of_chance(rng):
    return lambda options: options[int(rng.integers(len(options)))]


def draw_calls(number, n_kinds, threads, rng):
    """Yield random calls. Kinds recur, because each compiles a few kernels the first time."""
    pick = source_of_chance(rng)
    kinds = [cases.draw_case(pick)._replace(forward=pick((False, True))) for _ in range(n_kinds)]
    for _ in range(number):
        yield cases.redraw(pick(kinds), pick, threads)


def worst_error(case, arrays):
    """Largest error of a call in units; infinite where it is no number at all."""
    expected, magnitude = cases.expected(case, *arrays)
    function = conv3dt.conv3d if case.forward else conv3dt.conv3d_transpose
    actual = cases.call(function, case, *arrays)
    if actual.dtype != np.dtype(case.dtype) or actual.shape != expected.shape:
        raise AssertionError(f"{actual.dtype} {actual.shape} instead of {expected.shape}")
    errors = oracle.errors_in_ulps(actual, expected, magnitude, case.dtype, case.activation)
    return float(errors.max(initial=0))


def try_call(case):
    """Worst error in units with and without the activation, or what was raised instead."""
    arrays = cases.arrays(case)
    plain = case._replace(activation=None)
    try:
        return max(worst_error(x, arrays) for x in dict.fromkeys((case, plain)))
    except Exception as error:  # whatever it is, the call did not agree
        return error


def report(count, worst, disagreements, seconds):
    """Print what was covered and what came out."""
    for option, seen in count.items():
        print(f"{option:15}", "  ".join(f"{x} {seen[x]}" for x in sorted(seen, key=str)))
    for dtype, error in sorted(worst.items()):
        print(f"{dtype:15} worst error {error:.2f} ulps")
    print(f"{sum(count['dtype'].values())} calls, {disagreements} disagreements, {seconds:.0f} s")


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--calls", type=int, default=10_000, help="how many (default %(default)s)")
    add("--kinds", type=int, default=400, help="heights, widths, channels, types (%(default)s)")
    add("--seed", type=int, default=0, help="of the generator (default %(default)s)")
    add("--ulps", type=float, default=4, help="largest error (default %(default)s)")
    return parser.parse_args()


def main():
    chosen, start = options(), time.perf_counter()
    threads = (None, *range(1, team.available() + 1))
    calls = draw_calls(chosen.calls, chosen.kinds, threads, np.random.default_rng(chosen.seed))
    count = {option: Counter() for option in COVERED}
    worst, disagreements = Counter(), 0
    for number, case in enumerate(calls):
        result = try_call(case)
        for option, seen in count.items():
            seen[getattr(case, option)] += 1
        if isinstance(result, Exception) or result > chosen.ulps:
            disagreements += 1
            if disagreements <= MOST_SHOWN:
                print(f"call {number}: {result!r}\n  {case}")
        else:
            worst[case.dtype] = max(worst[case.dtype], result)
    report(count, worst, disagreements, time.perf_counter() - start)
    return 1 if disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
