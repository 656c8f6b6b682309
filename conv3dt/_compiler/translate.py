"""A driver's Python as LLVM's instructions.

The drivers are integer loops: what they need of Python is little, and is translated word by word,
callees in place. Numba took 8 s for what takes 2 s so: it compiles each of forty functions by
itself, and again in each of its callers. The same text runs with NUMBA_DISABLE_JIT=1.

Numbers are int64, uint32, uint16, float32, float64 or bool; a number of Python's takes the type of
the other operand. There is no other conversion but `np.float32(x)` and its like. Division rounds
down, as Python's does, and is not checked. A step of `range` that is no constant must be positive.
Besides there are tuples, `min`, `max`, `divmod`, `range`, and the words of `memory`.
"""

import ast
import inspect
import textwrap
from functools import lru_cache
from typing import NamedTuple

from llvmlite import ir

from .expressions import Expressions
from .vectors import I64

__all__ = ["translate"]


def translate(function, builder, *arguments):
    """Append what `function(*arguments)` does."""
    _Frame(builder, function).call(arguments)


class _Loop(NamedTuple):
    again: ir.Block
    leave: ir.Block


@lru_cache(maxsize=256)
def _definition(function):
    """Return the syntax of a function."""
    return ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]


class _Frame(Expressions):
    """One call of one function, whose instructions are appended where the builder stands."""

    def __init__(self, builder, function):
        super().__init__(builder, function)
        self.loops = []
        self.end = builder.append_basic_block("end")
        self.results = None

    def called(self, function, arguments):
        return _Frame(self.b, function).call(arguments)

    def call(self, arguments):
        """Append the body; return what it returns."""
        definition = _definition(self.function)
        for parameter, value in zip(definition.args.args, arguments, strict=True):
            self.assign(parameter.arg, value)
        self.body(definition.body)
        if not self.b.block.is_terminated:
            self.b.branch(self.end)
        self.b.position_at_end(self.end)
        if self.results is None:
            return None
        values = tuple(self.read(slot) for slot in self.results)
        return values if len(values) > 1 else values[0]

    def body(self, statements):
        """Append statements, up to one that leaves."""
        for statement in statements:
            if self.b.block.is_terminated:
                return
            self.handler(statement)(statement)

    def _on_expr(self, node):
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.value(node.value)

    def _on_assign(self, node):
        value = self.value(node.value)
        for target in node.targets:
            self.store(target, value)

    def _on_augassign(self, node):
        value = self.binary(node.op, self.value(node.target), self.value(node.value))
        self.store(node.target, value)

    def store(self, target, value):
        """Let what stands on the left of an assignment have a value."""
        if isinstance(target, ast.Tuple):
            for part, part_value in zip(target.elts, value, strict=True):
                self.store(part, part_value)
        elif isinstance(target, ast.Subscript):
            view, index = self.value(target.value), self.as_ir(self.value(target.slice))
            self.b.store(self.as_ir(value, view.element), view.at(self.b, index))
        else:
            self.assign(target.id, value)

    def _on_if(self, node):
        yes, no, after = (self.b.append_basic_block(n) for n in ("then", "else", "after"))
        self.b.cbranch(self.truth(self.value(node.test)), yes, no)
        for block, statements in ((yes, node.body), (no, node.orelse)):
            self.b.position_at_end(block)
            self.body(statements)
            if not self.b.block.is_terminated:
                self.b.branch(after)
        self.b.position_at_end(after)

    def _on_while(self, node):
        test, body, after = (self.b.append_basic_block(n) for n in ("while", "body", "after"))
        self.b.branch(test)
        self.b.position_at_end(test)
        self.b.cbranch(self.truth(self.value(node.test)), body, after)
        self.loop(body, node.body, _Loop(test, after))
        self.b.branch(test)
        self.b.position_at_end(after)

    def _on_for(self, node):
        numbers = [self.as_ir(self.value(x)) for x in node.iter.args]
        start, stop, step = (
            (I64(0), *numbers, I64(1)) if len(numbers) == 1 else (*numbers, I64(1))[:3]
        )
        counter = self.slot(start)
        self.write(counter, start)
        test, body, following, after = (
            self.b.append_basic_block(n) for n in ("for", "body", "next", "after")
        )
        down = isinstance(step, ir.Constant) and step.constant < 0
        self.b.branch(test)
        self.b.position_at_end(test)
        inside = self.b.icmp_signed(">" if down else "<", self.read(counter), stop)
        self.b.cbranch(inside, body, after)
        self.b.position_at_end(body)
        self.assign(node.target.id, self.read(counter))
        self.loop(body, node.body, _Loop(following, after))
        self.b.branch(following)
        self.b.position_at_end(following)
        self.write(counter, self.b.add(self.read(counter), step, flags=["nsw"]))
        self.b.branch(test)
        self.b.position_at_end(after)

    def loop(self, block, statements, loop):
        """Append the body of a loop; afterwards the builder stands at its end, or in dead code."""
        self.b.position_at_end(block)
        self.loops.append(loop)
        self.body(statements)
        self.loops.pop()
        if self.b.block.is_terminated:
            self.b.position_at_end(self.b.append_basic_block("dead"))

    def _on_break(self, node):
        self.b.branch(self.loops[-1].leave)

    def _on_continue(self, node):
        self.b.branch(self.loops[-1].again)

    def _on_return(self, node):
        if node.value is not None:
            value = self.value(node.value)
            values = value if isinstance(value, tuple) else (value,)
            if self.results is None:
                self.results = [self.slot(x) for x in values]
            for slot, x in zip(self.results, values, strict=True):
                self.write(slot, x)
        self.b.branch(self.end)
