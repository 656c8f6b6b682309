"""IR words: the vector instructions the micro-kernels are made of.

Every word appends to one builder; `element` is float or double and a vector has `lanes` of it.
Pointers are typed where they are made, which both older and newer llvmlite accept.
"""

from llvmlite import binding, ir

from . import processor

__all__ = ["I8", "I16", "I32", "I64", "Words", "i64", "intrinsic"]

I8, I16, I32, I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))

# Names of intrinsics on pointers changed when LLVM gave up pointer types.
_TYPED_POINTERS = binding.llvm_version_info[0] < 15


class _BFloat(ir.Type):
    """The type bfloat, which llvmlite lacks: operands of ARM's instruction have it, only that."""

    def _to_string(self):
        return "bfloat"


_BFLOAT = _BFloat()


def i64(value):
    """Return the constant `value`."""
    return ir.Constant(I64, value)


def intrinsic(builder, name, result, arguments):
    """Return what one of LLVM's functions makes of arguments: a number of type `result`."""
    module, kind = builder.module, ir.FunctionType(result, [x.type for x in arguments])
    return builder.call(module.globals.get(name) or ir.Function(module, kind, name), arguments)


class Words:
    """Vector instructions on `lanes` elements of one type, for one builder."""

    def __init__(self, builder, double, lanes, fused, pairs=False):
        self.builder = builder
        self.pairs = pairs
        self.double = double
        self.lanes = lanes
        self.fused = fused
        self.element = ir.DoubleType() if double else ir.FloatType()
        self.size = 8 if double else 4
        self.bits = I64 if double else I32
        self.vector = ir.VectorType(self.element, lanes)
        self.ints = ir.VectorType(self.bits, lanes)

    def constant(self, value):
        """v[l] = value."""
        return ir.Constant(self.vector, [ir.Constant(self.element, float(value))] * self.lanes)

    def int_constant(self, value):
        """v[l] = value, as integers of the element's width."""
        return ir.Constant(self.ints, [ir.Constant(self.bits, value)] * self.lanes)

    def pointer(self, address, kind=None):
        """Address to pointer; `kind` defaults to the element type."""
        return self.builder.inttoptr(address, (kind or self.element).as_pointer())

    def splat(self, scalar, kind=None):
        """v[l] = scalar; `kind` defaults to the vector of elements."""
        kind = kind or self.vector
        undefined, zeros = ir.Constant(kind, ir.Undefined), ir.VectorType(I32, kind.count)
        first = self.builder.insert_element(undefined, scalar, ir.Constant(I32, 0))
        return self.builder.shuffle_vector(first, undefined, ir.Constant(zeros, None))

    def numbered(self, kind):
        """v[l] = l, in a vector of integers."""
        return ir.Constant(kind, [ir.Constant(kind.element, lane) for lane in range(kind.count)])

    def load(self, pointer, offset, align):
        """v[l] = pointer[offset + l]."""
        at = self.builder.gep(pointer, [offset])
        return self.builder.load(self.builder.bitcast(at, self.vector.as_pointer()), align=align)

    def multiply_add(self, a, b, c):
        """v[l] = a[l] * b[l] + c[l], rounded once where the machine can."""
        if not self.fused:
            return self.builder.fadd(self.builder.fmul(a, b), c)
        name = f"llvm.fma.v{self.lanes}f{8 * self.size}"
        return intrinsic(self.builder, name, self.vector, [a, b, c])

    def add_product(self, a, b, c):
        """v[l] = a[l] * b[l] + c[l]; of pairs of bfloat16, whose bits are given, both products.

        On x86 those are two fused products, the upper halves' first; on ARM both are summed, then
        added, and each step rounds to odd. Subnormal numbers are taken for zero.
        Where one of a and b is a broadcast, let it be a: x86's instruction reads its last operand
        from memory, and with 22 of them in a row takes 22 cycles on Zen 4, not 30.
        """
        if not self.pairs:
            return self.multiply_add(a, b, c)
        lanes, builder = self.lanes, self.builder
        if processor.host().isa == "neon":
            name = f"llvm.aarch64.neon.bfdot.v{lanes}f32.v{2 * lanes}bf16"
            words = ir.VectorType(_BFLOAT, 2 * lanes)
        else:
            name, words = f"llvm.x86.avx512bf16.dpbf16ps.{32 * lanes}", self.ints
        b, a = (builder.bitcast(x, words) for x in (b, a))
        return intrinsic(builder, name, self.vector, [c, b, a])

    def polynomial(self, x, coefficients):
        """v[l] = c0 + c1*x[l] + c2*x[l]**2 + ..., by Horner's rule."""
        *rest, value = (self.constant(c) for c in coefficients)
        for c in reversed(rest):
            value = self.multiply_add(value, x, c)
        return value

    def select(self, comparison, a, b, yes, no):
        """v[l] = yes[l] if a[l] <comparison> b[l] else no[l]; false where a or b is NaN."""
        return self.builder.select(self.builder.fcmp_ordered(comparison, a, b), yes, no)

    def as_ints(self, v):
        """Return the bits of v."""
        return self.builder.bitcast(v, self.ints)

    def as_floats(self, v):
        """Return the numbers that have the bits v."""
        return self.builder.bitcast(v, self.vector)

    def part(self, v, start, count):
        """Return `count` lanes of v from lane `start`."""
        lanes = [ir.Constant(I32, start + n) for n in range(count)]
        mask = ir.Constant(ir.VectorType(I32, count), lanes)
        return self.builder.shuffle_vector(v, ir.Constant(v.type, ir.Undefined), mask)

    def bytes_of(self, v):
        """Return the bytes of a lane: of a number, or of a 16-bit number's bits."""
        element = v.type.element
        return element.width // 8 if isinstance(element, ir.IntType) else self.size

    def stream(self, v, address):
        """memory[address + l] = v[l], past the caches; the address is a multiple of v's bytes."""
        size = v.type.count * self.bytes_of(v)
        stored = self.builder.store(v, self.pointer(address, v.type), align=size)
        past = self.builder.module.add_metadata([ir.Constant(I32, 1)])
        stored.set_metadata("nontemporal", past)

    def joined(self, a, b, first):
        """v[l] = (a, b)[first + l]: as many numbers from `first` on, of two vectors. Of AVX-512."""
        n, size, builder = a.type.count, self.bytes_of(a), self.builder
        bits, name = {2: (I16, "hi"), 4: (I32, "ps"), 8: (I64, "pd")}[size]
        kind = ir.VectorType(bits, n)
        number = first if size == 8 else builder.trunc(first, bits)
        lanes = builder.add(self.numbered(kind), self.splat(number, kind))
        name = f"llvm.x86.avx512.vpermi2var.{name}.512"
        return intrinsic(builder, name, a.type, [a, lanes, b])

    def store(self, v, address, count, align):
        """memory[address + l] = v[l] for l < count, in pieces of a power of two."""
        start = 0
        size = self.bytes_of(v)
        while start < count:
            piece = 1 << ((count - start).bit_length() - 1)
            values = v if piece == v.type.count else self.part(v, start, piece)
            at = self.builder.add(address, i64(start * size))
            self.builder.store(values, self.pointer(at, values.type), align=align)
            start += piece

    def store_first(self, v, address, count):
        """memory[address + l] = v[l] for l < count, which is known at run time. Of AVX-512."""
        n, b, kind = v.type.count, self.builder, ir.VectorType(I32, v.type.count)
        count = self.splat(b.trunc(count, I32), kind)
        mask = b.icmp_signed("<", self.numbered(kind), count)
        item, bits = v.type.element, 8 * self.bytes_of(v)
        numbers = f"v{n}{'i' if isinstance(item, ir.IntType) else 'f'}{bits}"
        name = f"llvm.masked.store.{numbers}.p0{numbers if _TYPED_POINTERS else ''}"
        align = ir.Constant(I32, self.bytes_of(v))
        intrinsic(b, name, ir.VoidType(), [v, self.pointer(address, v.type), align, mask])

    def prefetch(self, pointer, offset, keep=3, write=False):
        """Ask for the cache line of pointer[offset], to be read or written; 2: into L2."""
        byte = ir.IntType(8).as_pointer()
        name = f"llvm.prefetch.{'p0i8' if _TYPED_POINTERS else 'p0'}"
        write, keep, data = (ir.Constant(I32, int(n)) for n in (write, keep, 1))
        at = self.builder.bitcast(self.builder.gep(pointer, [offset]), byte)
        intrinsic(self.builder, name, ir.VoidType(), [at, write, keep, data])

    def from_float16(self, v):
        """Return the float32 of a vector of float16's bits.

        Where no instruction does it: below 2**-14 a float16 is a multiple of 2**-24; else the
        exponent's bias moves by 112.
        """
        b, const = self.builder, self.int_constant
        if processor.host().converts_float16:
            return b.fpext(b.bitcast(v, ir.VectorType(ir.HalfType(), self.lanes)), self.vector)
        bits = b.zext(v, self.ints)
        size = b.and_(bits, const(0x7FFF))
        small = b.fmul(b.sitofp(size, self.vector), self.constant(2.0**-24))
        normal = b.add(b.shl(size, const(13)), const(112 << 23))
        special = b.add(normal, const(112 << 23))
        result = b.select(b.icmp_unsigned(">=", size, const(0x7C00)), special, normal)
        result = b.select(b.icmp_unsigned(">=", size, const(0x0400)), result, self.as_ints(small))
        return self.as_floats(b.or_(result, b.shl(b.xor(bits, size), const(16))))

    def from_bfloat16(self, v):
        """Return the float32 of a vector of bfloat16's bits."""
        return self.as_floats(
            self.builder.shl(self.builder.zext(v, self.ints), self.int_constant(16))
        )

    def to_float16(self, v):
        """Return the bits of float32 v rounded to float16, ties to even; NaN becomes a quiet NaN.

        Where no instruction does it, integer arithmetic. Below 2**-14 the addition of 0.5 aligns
        the significand at 2**-24, which is float16's smallest step, and rounds it.
        """
        b, const = self.builder, self.int_constant
        if processor.host().converts_float16:
            halves = b.fptrunc(v, ir.VectorType(ir.HalfType(), self.lanes))
            return b.bitcast(halves, ir.VectorType(I16, self.lanes))
        bits = self.as_ints(v)
        sign = b.and_(bits, const(0x80000000))
        size = b.xor(bits, sign)
        odd = b.and_(b.lshr(size, const(13)), const(1))
        normal = b.lshr(b.add(b.add(size, const(0xC8000FFF)), odd), const(13))
        aligned = b.fadd(self.as_floats(size), self.constant(0.5))
        small = b.sub(self.as_ints(aligned), const(0x3F000000))
        special = b.select(
            b.icmp_unsigned(">", size, const(0x7F800000)), const(0x7E00), const(0x7C00)
        )
        result = b.select(b.icmp_unsigned("<", size, const(0x38800000)), small, normal)
        result = b.select(b.icmp_unsigned(">=", size, const(0x47800000)), special, result)
        result = b.or_(result, b.lshr(sign, const(16)))
        return b.trunc(result, ir.VectorType(I16, self.lanes))

    def to_bfloat16(self, v):
        """Return the bits of float32 v rounded to bfloat16, ties to even; NaN stays a NaN.

        Beside products of pairs x86 has one instruction for it, not seven. As those do, it takes
        subnormal numbers for zero.
        """
        if self.rounds_pairs:
            return self._rounded("cvtneps2bf16", [v])
        return self.rounded_by_integers(v)

    def without_subnormals(self, v):
        """Return float32 v, zero of the same sign where it is subnormal."""
        b, const, bits = self.builder, self.int_constant, self.as_ints(v)
        small = b.icmp_unsigned("==", b.and_(bits, const(0x7F800000)), const(0))
        return self.as_floats(b.select(small, b.and_(bits, const(0x80000000)), bits))

    def rounded_by_integers(self, v):
        """Return the bits of float32 v rounded to bfloat16, subnormal numbers, too."""
        b, const = self.builder, self.int_constant
        bits = self.as_ints(v)
        odd = b.and_(b.lshr(bits, const(16)), const(1))
        rounded = b.add(b.add(bits, const(0x7FFF)), odd)
        quiet = b.or_(bits, const(0x00400000))
        result = b.select(b.fcmp_unordered("uno", v, v), quiet, rounded)
        return b.trunc(b.lshr(result, const(16)), ir.VectorType(I16, self.lanes))

    @property
    def rounds_pairs(self):
        """Whether an instruction rounds to bfloat16, and another one two vectors at once."""
        return self.pairs and processor.host().isa != "neon"

    def two_to_bfloat16(self, a, b):
        """Return the bits of a, then those of b, as `to_bfloat16` has them; if `rounds_pairs`."""
        return self._rounded("cvtne2ps2bf16", [b, a])

    def _rounded(self, instruction, vectors):
        """Return the bits of vectors rounded by an instruction of x86."""
        name = f"llvm.x86.avx512bf16.{instruction}.{32 * self.lanes}"
        bits = ir.VectorType(I16, len(vectors) * self.lanes)
        return intrinsic(self.builder, name, bits, vectors)
