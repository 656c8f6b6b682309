"""What the machine code of a tile does in its loops over k."""

import re

PRODUCT = re.compile(r"\b(vfn?madd\w+|vdpbf16ps|fmla|bfdot)\b")
# The loop only reads: a store in it is a spill, and so is what is read from the stack.
STACK = re.compile(r"\(%rsp|\[sp|\b(v?mov\w+\s+%\w+, .*\)$|st[rp]\s)")
JUMP = re.compile(r"^\s*(j\w+|b\.\w+)\s+(\S+)")


def loops_over_k(assembly):
    """Return the lines of the innermost loops with products: from a label to the jump back to it.

    There are two: of several k a round, and of what is left.
    """
    return loops_around(assembly, PRODUCT)


def loops_around(assembly, instruction):
    """Return the lines of the innermost loops that have such an instruction."""
    lines = assembly.splitlines()
    labels = {m[1]: n for n, line in enumerate(lines) if (m := re.match(r"^(\S+):", line))}
    loops = [
        range(labels[m[2]], n)
        for n, line in enumerate(lines)
        if (m := JUMP.match(line)) and m[2] in labels and labels[m[2]] < n
    ]
    with_products = [x for x in loops if any(instruction.search(lines[n]) for n in x)]
    innermost = [x for x in with_products if not any(y != x and y[0] in x for y in with_products)]
    return [[lines[n] for n in x] for x in innermost]


def check(loops, products, stores=0):
    """Fail unless every loop makes all products of a k, and has few stores, that is none."""
    assert loops
    for loop in loops:
        found = sum(bool(PRODUCT.search(line)) for line in loop)
        assert found % products == 0, "not a loop over k"
        assert len([line for line in loop if STACK.search(line)]) <= stores
