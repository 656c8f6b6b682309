"""Who imports whom, read from the sources: every import, wherever it stands and whoever sees it.

Imports inside functions and those that only type checkers see count like all others; so does a text
that names a module, for it may be imported by it: "conv3dt.nn", or a private one as "_run.run".
"""

import ast
from collections import deque


def sources(folder):
    """Return the dotted names of a folder's modules, with the folder in front, and their files."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def when_imported(body):
    """Yield what runs when a module is imported: not functions, nor what only type checkers see."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        for field in ("body", "orelse", "handlers", "finalbody"):
            yield from when_imported(getattr(node, field, []))


def named_by(node, package):
    """Return what one statement imports: pairs (module, name in it or "") of dotted names."""
    if isinstance(node, ast.Import):
        return [(alias.name, "") for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        parts = package.split(".")
        above = parts[: len(parts) + 1 - node.level] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        return [(base, alias.name) for alias in node.names]
    return []


def package_of(name, path):
    return name if path.stem == "__init__" else name.rpartition(".")[0]


def outside(name, path):
    """Return the top names of whatever a module imports when it is imported."""
    body = ast.parse(path.read_text()).body
    pairs = [p for node in when_imported(body) for p in named_by(node, package_of(name, path))]
    return {module.partition(".")[0] for module, _ in pairs}


def texts(tree, name, known):
    """Return the modules that are named by a text."""
    top = name.partition(".")[0]
    found = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    words = {value for value in found if isinstance(value, str) and "." in value}
    words |= {f"{top}.{word}" for word in words if word.startswith("_")}
    return words & known.keys()


def imports(name, path, known):
    """Return the modules among `known` that a module imports."""
    tree = ast.parse(path.read_text())
    found = texts(tree, name, known)
    for node in ast.walk(tree):
        for base, attribute in named_by(node, package_of(name, path)):
            inner = f"{base}.{attribute}"
            found |= {inner if inner in known else base} & known.keys()
    return with_packages(name, found, known) - {name}


def with_packages(name, found, known):
    """Add the packages around what is imported, which run first; not those around the module."""
    around = set(ancestors(name))
    return found | {p for below in found for p in ancestors(below) if p in known} - around


def ancestors(name):
    """Yield the packages around a module, the nearest first."""
    while name := name.rpartition(".")[0]:
        yield name


def graph(known):
    """Return the imports of each module."""
    return {name: imports(name, path, known) for name, path in known.items()}


def reachable(edges, start):
    """Return what can be reached from a module by one import or more."""
    found, waiting = set(), [start]
    while waiting:
        new = edges[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def circles(edges):
    """Return shortest circles, as "a -> b -> a": each module that is in any is in one of these."""
    inside = [name for name in sorted(edges) if name in reachable(edges, name)]
    found = {from_the_first(way_back(edges, name)) for name in inside}
    return [" -> ".join([*circle, circle[0]]) for circle in sorted(found)]


def way_back(edges, name):
    """Return the modules of a shortest way from a module that is in a circle to itself."""
    ways, seen = deque([[name]]), set()
    while name not in (below := edges[ways[0][-1]]):
        way = ways.popleft()
        ways.extend([*way, other] for other in sorted(below - seen))
        seen |= below
    return ways[0]


def from_the_first(circle):
    """Return the same circle, begun with the module whose name comes first."""
    start = circle.index(min(circle))
    return (*circle[start:], *circle[:start])


def room_of(name, floors, top):
    """Return (floor, room) of a module: the longest room that it lies in."""
    inside = [
        (len(room), floor, room)
        for floor, rooms in enumerate(floors)
        for room in rooms
        if f"{name}.".startswith(f"{top}.{room}.") or (name == top and room == "")
    ]
    return max(inside)[1:] if inside else None


def upward(edges, floors, top):
    """Return the imports that run up a floor, or to another room of the same one.

    `floors` are lists of rooms, the lowest first; "" is the package itself.
    """
    rooms = {name: room_of(name, floors, top) for name in edges}
    wrong = [f"{name} is in no room" for name, room in rooms.items() if room is None]
    for name, below in sorted(edges.items()):
        for other in sorted(below):
            here, there = rooms[name], rooms[other]
            if here and there and there[0] >= here[0] and there != here:
                wrong.append(f"{name} imports {other}")
    return wrong
