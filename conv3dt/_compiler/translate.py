"""A driver's Python as LLVM's instructions.

The drivers are integer loops: what they need of Python is little, and is translated word by word,
callees in place. The same text runs with NUMBA_DISABLE_JIT=1.

Numbers are int64, uint32, uint16, float32, float64 or bool; a number of Python's takes the type of
the other operand. There is no other conversion but `np.float32(x)` and its like. Division rounds
down, as Python's does, and is not checked. A step of `range` that is no constant must be positive.
Besides there are records (see `records`), tuples and NamedTuples, `min`, `max`, `divmod`, `range`,
and the words of `words`. Parameters behind `*` are values of Python's, known when it is translated:
of an `if` that they decide, only what will run is translated.

A name that gets its values at the function's own level, a parameter or a loop's variable, is the
value that it was given last; any other has room on the stack, which LLVM makes a register, and the
type of its first value. A loop's variable has no value behind the loop.
"""

import ast
from collections import Counter
from functools import lru_cache
from typing import Any, NamedTuple

from llvmlite import ir

from . import texts
from .expressions import Expressions
from .values import is_number
from .vectors import I64

__all__ = ["translate"]


def translate(function, builder, *arguments, **constants):
    """Append what `function(*arguments, **constants)` does."""
    _Frame(builder, function, constants).call(arguments)


class _Loop(NamedTuple):
    again: ir.Block
    leave: ir.Block


class _Definition(NamedTuple):
    """The syntax of a function, and what is known of it."""

    syntax: Any
    direct: frozenset[str]  # names that get values in the order of the text
    plain: bool  # it returns at its end, or never


@lru_cache(maxsize=512)
def _definition(function) -> _Definition:
    """Return the definition of a function."""
    syntax: Any = texts.syntax(function)
    nodes: list[Any] = list(ast.walk(syntax))
    stored = Counter(x.id for x in nodes if _is_stored(x))
    statements = [x for x in syntax.body if isinstance(x, ast.Assign | ast.AugAssign)]
    inside: list[Any] = [x for statement in statements for x in ast.walk(statement)]
    own = Counter(x.id for x in inside if _is_stored(x))
    parameters = {x.arg for x in syntax.args.args}
    direct = {name for name in parameters | set(own) if stored[name] == own[name]}
    targets = [x.target for x in nodes if isinstance(x, ast.For)]
    counters = {x.id for x in targets if isinstance(x, ast.Name)}
    direct |= {name for name in counters - parameters if stored[name] == 1}
    returns = [x for x in nodes if isinstance(x, ast.Return)]
    return _Definition(syntax, frozenset(direct), not returns or returns == [syntax.body[-1]])


def _is_stored(node) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


class _Frame(Expressions):
    """One call of one function, whose instructions are appended where the builder stands."""

    def __init__(self, builder, function, constants):
        super().__init__(builder, function, constants)
        self.definition = _definition(function)
        self.loops = []
        self.end = None if self.definition.plain else builder.append_basic_block("end")
        self.results = None

    def called(self, function, arguments, constants):
        return _Frame(self.b, function, constants).call(arguments)

    def call(self, arguments):
        """Append the body; return what it returns."""
        syntax = self.definition.syntax
        if len(arguments) != len(syntax.args.args):
            self.refuse(syntax, f"it takes all of its arguments by place, not {len(arguments)}")
        for parameter, value in zip(syntax.args.args, arguments, strict=True):
            self.name(parameter.arg, value)
        self.body(syntax.body)
        if self.end is None:
            return self.results
        if not self.b.block.is_terminated:
            self.b.branch(self.end)
        self.b.position_at_end(self.end)
        return None if self.results is None else self.read(self.results)

    def name(self, name, value):
        """Let a name have a value from here on, or a variable its next one."""
        if name in self.definition.direct:
            self.values[name] = value
        else:
            self.assign(name, value)

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
        value = self.binary(node, self.value(node.target), self.value(node.value))
        self.store(node.target, value)

    def store(self, target, value):
        """Let what stands on the left of an assignment have a value."""
        if isinstance(target, ast.Tuple):
            for part, part_value in zip(target.elts, value, strict=True):
                self.store(part, part_value)
        elif isinstance(target, ast.Subscript):
            view, index = self.value(target.value), self.as_ir(self.value(target.slice))
            self.b.store(self.as_ir(value, view.element), view.at(self.b, index))
        elif isinstance(target, ast.Attribute):
            self.set_field(target, value)
        else:
            self.name(target.id, value)

    def _on_if(self, node):
        test = self.truth(self.value(node.test))
        if not is_number(test):
            self.body(node.body if test else node.orelse)
            return
        yes, no, after = (self.b.append_basic_block(n) for n in ("then", "else", "after"))
        self.b.cbranch(test, yes, no)
        for block, statements in ((yes, node.body), (no, node.orelse)):
            self.b.position_at_end(block)
            self.body(statements)
            if not self.b.block.is_terminated:
                self.b.branch(after)
        self.b.position_at_end(after)

    def _on_while(self, node):
        self.without_else(node)
        test, body, after = (self.b.append_basic_block(n) for n in ("while", "body", "after"))
        self.b.branch(test)
        self.b.position_at_end(test)
        self.b.cbranch(self.as_ir(self.truth(self.value(node.test))), body, after)
        self.loop(body, node.body, _Loop(test, after))
        self.b.branch(test)
        self.b.position_at_end(after)

    def _on_for(self, node):
        self.without_else(node)
        counted = isinstance(node.iter, ast.Call) and ast.unparse(node.iter.func) == "range"
        if not counted or not isinstance(node.target, ast.Name):
            self.refuse(node.iter, "only numbers of a range are counted")
        numbers = [self.as_ir(self.value(x)) for x in node.iter.args]
        start, stop, step = (
            (I64(0), *numbers, I64(1)) if len(numbers) == 1 else (*numbers, I64(1))[:3]
        )
        test, body, following, after = (
            self.b.append_basic_block(n) for n in ("for", "body", "next", "after")
        )
        down = isinstance(step, ir.Constant) and step.constant < 0
        origin = self.b.block
        self.b.branch(test)
        self.b.position_at_end(test)
        counter = self.b.phi(I64)
        counter.add_incoming(start, origin)
        inside = self.b.icmp_signed(">" if down else "<", counter, stop)
        self.b.cbranch(inside, body, after)
        self.b.position_at_end(body)
        self.name(node.target.id, counter)
        self.loop(body, node.body, _Loop(following, after))
        self.b.branch(following)
        self.b.position_at_end(following)
        counter.add_incoming(self.b.add(counter, step, flags=["nsw"]), following)
        self.b.branch(test)
        self.b.position_at_end(after)

    def without_else(self, node):
        """Refuse what would run behind a loop that nothing has left."""
        if node.orelse:
            self.refuse(node.orelse[0], "a loop has no else")

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
        value = None if node.value is None else self.value(node.value)
        if self.end is None:
            self.results = value
            return
        if value is not None:
            if self.results is None:
                self.results = self.slot(value)
            self.write(self.results, value)
        self.b.branch(self.end)
