"""A kind of file is one module: a new one is read, written and told with nothing else edited."""

import ast
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from conv3dt.cli import info, kinds, outputs, volumes
from conv3dt.cli.grid import Floats, Triple, Volume, result_dtype
from conv3dt.cli.kinds import registry
from conv3dt.cli.kinds.registry import Arrays, Kind
from conv3dt.cli.main import main

Array = NDArray[Any]
CLI = Path(kinds.__file__).parents[1]
LEGAL = ", ".join(registry.suffixes())
ARRAYS = ", ".join(registry.array_suffixes())


# ---- a toy: a line with shape and dtype, then the numbers ----------------------------------------


def read_toy(path: Path) -> Array:
    """Return the array of a toy."""
    head, _, content = path.read_bytes().partition(b"\n")
    dtype, *shape = head.decode().split()
    return np.frombuffer(content, dtype).reshape([int(extent) for extent in shape])


def save_toy(part: Path, suffix: str, array: Array) -> None:
    """Write a toy."""
    assert suffix == ".toy"
    head = " ".join(map(str, (array.dtype, *array.shape)))
    part.write_bytes(head.encode() + b"\n" + array.tobytes())


def open_toy(path: Path) -> Volume:
    """Return the volume in a toy."""
    array = read_toy(path)
    dtype = result_dtype(array.dtype, path)
    return Volume(array.shape, dtype, lambda t: array[..., t] if array.ndim == 4 else array)


def save_toy_upsampled(
    part: Path, suffix: str, volume: Volume, factors: Triple, results: Iterable[Floats]
) -> None:
    """Write results to a toy."""
    whole = np.stack(list(results), axis=-1)
    save_toy(part, suffix, whole if len(volume.shape) == 4 else whole[..., 0])


TOY = Kind(
    (".toy",),
    open_toy,
    save_toy_upsampled,
    Arrays(read_toy, save_toy),
    dtypes=("float32",),
    kept="A toy keeps nothing.",
)


@pytest.fixture
def toy() -> Iterator[Kind]:
    """The toy, registered."""
    registry.register(TOY)
    yield TOY
    registry.KINDS.remove(TOY)


def error_of(capsys: pytest.CaptureFixture[str], line: str) -> str:
    """Return the one line that a command fails with."""
    capsys.readouterr()
    assert main(line.split()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error.removeprefix("conv3dt: error: ").rstrip()


# ---- with nothing else edited --------------------------------------------------------------------


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("shape", [(3, 4, 5), (3, 4, 5, 2)])
@pytest.mark.parametrize("other", [".npy", ".nii", ".nii.gz", ".zarr", ".toy"])
def test_upsample_reads_and_writes_it(folder: Path, shape: tuple[int, ...], other: str) -> None:
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.save("a.npy", array)
    for line in ("a.npy b.npy", "a.npy b.toy", f"b.toy c{other}", f"c{other} d.toy"):
        factor = "2" if line.startswith("a") else "1"
        assert main(["upsample", *line.split(), "--factor", factor]) == 0
    np.testing.assert_array_equal(read_toy(Path("d.toy")), np.load("b.npy"))
    assert read_toy(Path("b.toy")).shape == tuple(2 * n for n in shape[:3]) + shape[3:]


@pytest.mark.usefixtures("toy")
def test_apply_reads_and_writes_it(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for name, shape in (("x", (1, 2, 3, 4, 2)), ("w", (3, 3, 3, 4, 2)), ("b", (4,))):
        array = rng.integers(-4, 5, shape).astype(np.float32)
        np.save(f"{name}.npy", array)
        save_toy(Path(f"{name}.toy"), ".toy", array)
    for suffix in (".npy", ".toy"):
        arrays = f"x{suffix} y{suffix} --filters w{suffix} --bias b{suffix}"
        assert main(["apply", *arrays.split(), "--strides", "2"]) == 0
    np.testing.assert_array_equal(read_toy(Path("y.toy")), np.load("y.npy"))


@pytest.mark.usefixtures("toy")
def test_results_are_of_a_precision_that_it_holds(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for dtype in ("f2", "f8"):
        np.save(f"{dtype}.npy", np.ones((1, 1, 1, 1, 1), dtype))
        np.save(f"{dtype}_volume.npy", np.ones((2, 2, 2), dtype))
    assert main(["upsample", "f2_volume.npy", "a.toy"]) == 0
    assert main(["apply", "f2.npy", "b.toy", "--filters", "f2.npy", "--strides", "1"]) == 0
    assert {read_toy(Path(name)).dtype.name for name in ("a.toy", "b.toy")} == {"float32"}
    refused = "a .toy holds results of float32 only, got float64"
    assert error_of(capsys, "upsample f8_volume.npy c.toy") == refused
    assert error_of(capsys, "apply f8.npy c.toy --filters f8.npy --strides 1") == refused
    assert not Path("c.toy").exists()


@pytest.mark.usefixtures("toy")
def test_help_and_messages_name_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command, told in (
        ("upsample", f"Files are {LEGAL} or .toy, in and out in any combination."),
        ("upsample", "all else becomes float32. A NIfTI keeps its header;"),
        ("upsample", " A toy keeps nothing."),
        ("apply", f"Arrays are {ARRAYS} or .toy."),
    ):
        assert main([command, "--help"]) == 0
        out = capsys.readouterr().out
        assert told in " ".join(out.split())
        assert all(len(line) <= 90 for line in out.splitlines())
    save_toy(Path("a.toy"), ".toy", np.ones((2, 2, 2)))
    assert error_of(capsys, "upsample a.toy b.mrc") == (
        f"a file name must end in {LEGAL}, .toy, got b.mrc"
    )
    only = f"{ARRAYS} and .toy only"
    line = "apply a.toy b.nii --filters a.toy --strides 1"
    assert error_of(capsys, line) == f"arrays are written to {only}, got b.nii"
    Path("a.nii").touch()
    line = "apply a.nii b.toy --filters a.toy --strides 1"
    assert error_of(capsys, line) == f"arrays are read from {only}, got a.nii"


def test_a_folder_with_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = replace(TOY, suffixes=(".box",), marks=("box.txt",), has_parts=True)
    Path("a.box").mkdir()
    save_toy(Path("a.box/s1"), ".toy", np.ones((2, 2, 2)))
    Path("a.box/box.txt").touch()
    with pytest.raises(ValueError, match=r"must end in .*, got a.box"):
        outputs.check(Path("a.box"), force=True)
    with pytest.raises(ValueError, match=r"must end in .*, got a.box/s1"):
        volumes.open_volume(Path("a.box/s1"))
    monkeypatch.setattr(registry, "KINDS", [*registry.KINDS, box])
    outputs.check(Path("a.box"), force=True)
    assert volumes.open_volume(Path("a.box/s1")).shape == (2, 2, 2)


# ---- what nobody registered ----------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".mrc", ".toy"])
def test_an_unknown_kind_is_an_error(
    folder: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    np.save("a.npy", np.ones((2, 2, 2)))
    Path(f"a{suffix}").touch()
    for line in (
        f"upsample a.npy b{suffix}",
        f"upsample a{suffix} b.npy",
        f"apply a.npy b{suffix} --filters a.npy --strides 1",
        f"apply a{suffix} b.npy --filters a.npy --strides 1",
        f"apply a.npy b.npy --filters a{suffix} --strides 1",
    ):
        error = error_of(capsys, line)
        assert error.startswith(f"a file name must end in {LEGAL}, got ")
        assert error.endswith(suffix)
    volume = volumes.open_volume(Path("a.npy"))
    with pytest.raises(ValueError, match=f"must be one of {re.escape(LEGAL)}, got {suffix}"):
        volumes.save_upsampled(Path("part"), suffix, volume, (1, 1, 1), [volume.read(0)])
    with pytest.raises(ValueError, match=f"must be one of {re.escape(LEGAL)}, got {suffix}"):
        volumes.save_array(Path("part"), suffix, np.ones(3))
    assert not Path("part").exists()


@pytest.mark.usefixtures("toy")
def test_a_suffix_belongs_to_one_kind() -> None:
    before = [*registry.KINDS]
    with pytest.raises(ValueError, match=r"one kind of file, got \.toy twice"):
        registry.register(replace(TOY, suffixes=(".new", ".toy")))
    assert before == registry.KINDS


def test_the_longest_suffix_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = replace(TOY, suffixes=(".gz",))
    for order in ([packed, *registry.KINDS], [*registry.KINDS, packed]):
        monkeypatch.setattr(registry, "KINDS", order)
        assert registry.suffix_of(Path("a.nii.gz")) == ".nii.gz"
        assert registry.suffix_of(Path("a.gz")) == ".gz"


# ---- one module, one line ------------------------------------------------------------------------


def test_every_module_is_listed() -> None:
    modules = {module.name for module in pkgutil.iter_modules(kinds.__path__)} - {"registry"}
    tree = ast.parse(Path(kinds.__file__).read_text())
    imported = [alias.name for node in tree.body[1:] for alias in node.names]
    assert sorted(imported) == sorted(modules)
    assert registry.suffixes()[:4] == (".npy", ".nii", ".nii.gz", ".zarr")


def test_extras_are_those_of_the_kinds() -> None:
    assert info.EXTRAS[:3] == ("rich", "nibabel", "zarr")
    assert info.EXTRAS[-1] == "matplotlib"


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.stem)
def test_nobody_else_compares_with_a_suffix(path: Path) -> None:
    constants = {
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
    }
    assert not constants & {*registry.suffixes()}


def test_kinds_know_no_commands() -> None:
    for path in Path(kinds.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 2:
                assert node.module.partition(".")[0] in {"grid", "terminal", "formats"}, path
