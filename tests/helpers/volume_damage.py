"""Damage to files: bytes, lengths, headers, names, and pieces of folders."""

import json
import shutil

import nibabel
import numpy as np

ODD = [None, -1, 0, 1, 3, 2**31, 2**63, 1e300, "", "x", [], [1, 2], {}, True, "<f4", "NaN", 0.5]


def damage(rng, base):
    """Damage a file in one way; return how, and what the command is to read now."""
    ways = [flip, flip, flip, truncate, append, zero, header, header, rename, remove]
    way = ways[int(rng.integers(0, len(ways)))]
    return way.__name__, way(rng, base) or base.path


def files_of(base):
    """Return the files there are, in a fixed order."""
    return sorted(p for p in [base.root, *base.root.rglob("*")] if p.is_file())


def some_file(rng, base):
    """Return one of the files."""
    files = files_of(base)
    return files[int(rng.integers(0, len(files)))]


def changed(path, change):
    """Change the bytes of a file."""
    content = bytearray(path.read_bytes())
    path.write_bytes(change(content))


def flip(rng, base):
    """Change one to four bytes."""

    def change(content):
        for _ in range(int(rng.integers(1, 5)) if content else 0):
            content[int(rng.integers(0, len(content)))] ^= int(rng.integers(1, 256))
        return content

    changed(some_file(rng, base), change)


def truncate(rng, base):
    """Cut the end off."""
    changed(some_file(rng, base), lambda content: content[: int(rng.integers(0, len(content) + 1))])


def append(rng, base):
    """Add something at the end: zeros, noise, or the file once more."""
    count = int(rng.integers(1, 2000))
    more = [bytes(count), rng.bytes(count), None][int(rng.integers(0, 3))]
    changed(some_file(rng, base), lambda content: content + (content if more is None else more))


def zero(rng, base):
    """Overwrite a part with zeros, as a disk that was full does."""

    def change(content):
        start = int(rng.integers(0, len(content) + 1))
        stop = min(len(content), start + int(rng.integers(1, 500)))
        content[start:stop] = bytes(stop - start)
        return content

    changed(some_file(rng, base), change)


def rename(rng, base):
    """Give it the name of another kind."""
    names = ["b.npy", "b.nii", "b.nii.gz", "b.zarr", "b", "B.NII", "b.tar.gz"]
    other = base.root.with_name(str(rng.choice(names)))
    base.root.rename(other)
    return other / base.path.relative_to(base.root)


def remove(rng, base):
    """Take a file or a folder away, or put a folder where a file was."""
    pieces = sorted(base.root.rglob("*")) or [base.root]
    piece = pieces[int(rng.integers(0, len(pieces)))]
    was_file = piece.is_file()
    piece.unlink() if was_file else shutil.rmtree(piece)
    if was_file and rng.random() < 0.3:
        piece.mkdir()


def header(rng, base):
    """Put something odd into a field of a header."""
    path = some_file(rng, base)
    if path.name in (".zarray", ".zattrs", ".zgroup", "zarr.json"):
        odd_json(rng, path)
    elif path.name.endswith(".nii"):
        odd_field(rng, path)
    elif path.name.endswith(".npy"):
        odd_text(rng, path)
    else:
        metadata = [p for p in files_of(base) if p.name in (".zarray", "zarr.json")]
        odd_json(rng, metadata[0]) if metadata else flip(rng, base)


def odd_json(rng, path):
    """Replace a value somewhere in JSON, or take it away."""
    whole = json.loads(path.read_text())
    node = whole
    while True:
        keys = [*node] if isinstance(node, dict) else [*range(len(node))]
        if not keys:
            return
        key = keys[int(rng.integers(0, len(keys)))]
        if not isinstance(node[key], (dict, list)) or not node[key] or rng.random() < 0.3:
            break
        node = node[key]
    if rng.random() < 0.2:
        del node[key]
    else:
        node[key] = ODD[int(rng.integers(0, len(ODD)))]
    path.write_text(json.dumps(whole))


def odd_field(rng, path):
    """Fill a field of a NIfTI header with an odd number."""
    content = bytearray(path.read_bytes())
    first = 348 in (content[0] + 256 * content[1], 256 * content[2] + content[3])
    kind = nibabel.Nifti1Header if first else nibabel.Nifti2Header
    length = kind.template_dtype.itemsize
    big = content[0] == 0
    dtype = kind.template_dtype.newbyteorder(">" if big else "<")
    fields = np.frombuffer(bytes(content[:length]), dtype).copy()
    name = str(rng.choice([n for n in dtype.names if dtype[n].base.kind in "iuf"]))
    odd = [-1, 0, 1, 2, 7, 77, 255, 30000, float("nan"), float("inf"), -2.5, 1e30]
    with np.errstate(all="ignore"):
        value = np.array(odd[int(rng.integers(0, len(odd)))]).astype(dtype[name].base)
    if fields[name].ndim > 1:
        fields[name][0, int(rng.integers(0, fields[name].shape[1]))] = value
    else:
        fields[name] = value
    content[:length] = fields.tobytes()
    path.write_bytes(content)


def odd_text(rng, path):
    """Replace a character of a .npy's header by another that may stand there."""
    content = bytearray(path.read_bytes())
    start, stop = 10, min(len(content), 128)
    other = int(rng.choice(list(b"0123456789,()'-<>|fiuVO{}: \n")))
    content[int(rng.integers(start, stop))] = other
    path.write_bytes(content)
