"""How compiled code of users calls a function of Python: arguments become objects, with the GIL.

Numba's `objmode` does that, too, but makes an object of every option in every call, and takes 3 to
4 us. Here what is constant is made once, and what is left out is not handed over: .8 us for five
arguments, 2.1 with bias, activation and `out`.
"""

import inspect
from collections.abc import Callable
from itertools import takewhile
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.registry import cpu_target
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin

from .loops import alone, is_foreign

__all__ = ["Result", "array", "join", "named"]

# The type of a result, from the name of a function and the types of its arguments by their names.
Result = Callable[[str, dict], types.Type]

_LITERALS = types.StringLiteral, types.IntegerLiteral, types.BooleanLiteral


def join(function: Callable, result: Result) -> None:
    """Let compiled code call a function, from now on."""
    parameters = inspect.signature(function).parameters

    class Typing(AbstractTemplate):
        key = function
        prefer_literal = True  # the type of a constant has its value

        def generic(self, args, kws):
            given = _bound(function, args, kws)
            kinds = [given.get(p.name, types.Omitted(p.default)) for p in parameters.values()]
            typed = signature(result(function.__name__, given), *kinds)
            return typed.replace(pysig=_by_position(parameters))

    infer_global(function)(Typing)

    @lower_builtin(function, types.VarArg(types.Any))
    def lower(context, builder, typed, values):
        arguments = dict(zip(parameters, zip(typed.args, values, strict=True), strict=True))
        given = {name: a for name, a in arguments.items() if not _is_left_out(name, a[0])}
        return _Call(context, builder).written(function, given, typed.return_type)

    # A function may be loaded by the very line that is being compiled.
    cpu_target.typing_context.refresh()


def array(name: str, given: dict) -> types.Type:
    """Return the type of `out`, or of a new array of the input's type, of five dimensions or more.

    Whatever else may be wrong is said by the function when it is called.
    """
    if isinstance(given.get("out"), types.Array):
        return given["out"]
    like = _array(name, given, "input")
    return types.Array(like.dtype, max(5, like.ndim), "C")


def named(kind: Any, dimensions: dict[str, int], name: str, given: dict) -> types.Type:
    """Return the type of a named tuple of arrays, of which `wrt`, a constant, may leave some out.

    They have the input's type, and so many dimensions, or as many as an argument of that name.
    """
    wrt = given.get("wrt", types.Omitted(kind._fields))
    if not isinstance(wrt, types.Omitted) and not _is_constant(wrt):
        raise TypingError(f"{name}: wrt must be constant in compiled code; got {wrt}.")
    wanted = wrt.value if isinstance(wrt, types.Omitted) else _constant(wrt)
    wanted = (wanted,) if isinstance(wanted, str) else wanted
    like, fields = _array(name, given, "input"), []
    for field in kind._fields:
        ndim = dimensions.get(field) or max(5, _array(name, given, field).ndim)
        array = types.Array(like.dtype, ndim, "C")
        fields.append(array if field in wanted else types.none)
    return types.NamedTuple(fields, kind)


def _array(name, given, argument):
    """Return the type of an argument that must be an array."""
    like = given[argument]
    like = like.type if isinstance(like, types.Optional) else like
    if not isinstance(like, types.Array):
        raise TypingError(f"{name}: {argument} must be an array in compiled code; got {like}.")
    return like


def _bound(function, args, kws):
    """Return the types of arguments by their names, as Python would bind them."""
    try:
        return inspect.signature(function).bind(*args, **kws).arguments
    except TypeError as error:
        raise TypingError(f"{function.__name__}: {error}") from error


def _by_position(parameters):
    """Return a signature without parameters that are for keywords only, which Numba lacks."""
    return inspect.Signature([p.replace(kind=p.POSITIONAL_OR_KEYWORD) for p in parameters.values()])


def _is_left_out(name, kind):
    """Return whether an argument is not given: of threads, None says so, too."""
    return isinstance(kind, types.Omitted) or (name == "threads" and kind == types.none)


def _is_constant(kind):
    """Return whether there is one value of a type."""
    if isinstance(kind, (types.Tuple, types.UniTuple)):
        return all(map(_is_constant, kind))
    return isinstance(kind, (types.NoneType, *_LITERALS))


def _constant(kind):
    """Return that value."""
    if isinstance(kind, types.BaseTuple):
        return tuple(map(_constant, kind))
    return None if isinstance(kind, types.NoneType) else kind.literal_value


class _Call:
    """What appends a call to a function that is being compiled; errors leave that function."""

    def __init__(self, context, builder):
        self.context, self.builder = context, builder
        self.pyapi = context.get_python_api(builder)
        self.gil = self.pyapi.gil_ensure()
        # Numba's loop goes on after an error, maybe on the caller's thread, which is not told yet:
        # Python that was called then crashed one time in ten.
        pending = self.pyapi.err_occurred()
        with builder.if_then(cgutils.is_not_null(builder, pending), likely=False):
            self.leave()

    def written(self, function, given, result):
        """Append the call with arguments by their names, each a type and a value."""
        found = self.called(function, given)
        native = self.pyapi.to_native_value(result, found)
        self.pyapi.decref(found)
        self.pyapi.gil_release(self.gil)
        with self.builder.if_then(native.is_error, likely=False):
            self.context.call_conv.return_exc(self.builder)
        return native.value

    def called(self, function, given):
        """Append the call, and return the object that it returns."""
        leading = _leading(function, given)
        names = *(name for name in given if name not in (*leading, "threads")), "threads"
        fixed = {name: _constant(kind) for name, (kind, _) in given.items() if _is_constant(kind)}
        known = self.once(function, names, alone, is_foreign, *fixed.values())
        made = {name: self.boxed(*a) for name, a in given.items() if name not in fixed}
        if "threads" not in given:
            made["threads"] = self.pyapi.call_function_objargs(known[2], [])
        objects = made | dict(zip(fixed, known[4:], strict=True))
        ordered = [objects[name] for name in (*leading, *names)]
        found = self.vectorcall(known[0], ordered, len(leading), known[1])
        for mine in made.values():
            self.pyapi.decref(mine)
        with self.builder.if_then(cgutils.is_null(self.builder, found), likely=False):
            self.fail(known[0], known[3])
        return found

    def once(self, *constants):
        """Return objects that are made when the code is first run."""
        module, pyapi = self.builder.module, self.pyapi
        kept = ir.GlobalVariable(module, pyapi.pyobj, module.get_unique_name("conv3dt.constants"))
        kept.initializer, kept.linkage = ir.Constant(pyapi.pyobj, None), "internal"
        missing = cgutils.is_null(self.builder, self.builder.load(kept))
        with self.builder.if_then(missing, likely=False):
            row = pyapi.unserialize(pyapi.serialize_object(constants))
            with self.builder.if_then(cgutils.is_null(self.builder, row), likely=False):
                self.leave()
            self.builder.store(row, kept)
        row = self.builder.load(kept)
        return [pyapi.tuple_getitem(row, i) for i in range(len(constants))]

    def boxed(self, kind, value):
        """Return an argument as an object of one's own."""
        self.context.nrt.incref(self.builder, kind, value)  # which the object takes
        return self.pyapi.from_native_value(kind, value, env_manager=self)

    # As which Numba asks for an array's dtype. It has its own, but not in every loop that it reads
    # from its cache, which it then leaves without giving the GIL back.

    def add_const(self, constant):
        """Return what `read_const` knows a constant by."""
        return constant

    def read_const(self, constant):
        """Return a constant."""
        return self.once(constant)[0]

    def vectorcall(self, callee, objects, positional, names):
        """Append a call whose last arguments have names, a tuple."""
        builder, pyobj = self.builder, self.pyapi.pyobj
        row = cgutils.alloca_once(builder, pyobj, size=len(objects))
        for index, found in enumerate(objects):
            builder.store(found, cgutils.gep(builder, row, index))
        count = ir.Constant(self.pyapi.py_ssize_t, positional)
        kind = ir.FunctionType(pyobj, [pyobj, row.type, count.type, pyobj])
        do = cgutils.get_or_insert_function(builder.module, kind, "PyObject_Vectorcall")
        return builder.call(do, [callee, row, count, names])

    def fail(self, callee, is_foreign):
        """Leave with Python's error; tell it on threads of a loop, whose errors Numba forgets."""
        pyapi = self.pyapi
        with pyapi.err_push():
            lost = pyapi.call_function_objargs(is_foreign, [])
        with self.builder.if_then(cgutils.is_true(self.builder, pyapi.object_istrue(lost))):
            pyapi.err_write_unraisable(callee)
        self.leave()

    def leave(self):
        """Leave with Python's error."""
        self.pyapi.gil_release(self.gil)
        self.context.call_conv.return_exc(self.builder)


def _leading(function, given):
    """Return the names of arguments that are handed over by position: up to the first left out."""
    parameters = inspect.signature(function).parameters.values()
    positional = [p.name for p in parameters if p.kind == p.POSITIONAL_OR_KEYWORD]
    return [*takewhile(given.__contains__, positional)]
