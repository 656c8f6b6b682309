"""Counts and quantities in words, for plans that print themselves."""

__all__ = ["counted", "listed", "quantity", "stored_line"]


def counted(n: int, what: str) -> str:
    """Return n of something: 1 task, 2 tasks."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def listed(shapes: list[str]) -> str:
    """Return different shapes, the largest first."""
    return ", ".join(dict.fromkeys(reversed(shapes)))


def quantity(n: float, base: int) -> str:
    """Return n with a prefix: k, M, G, T (thousands) or Ki, Mi, Gi, Ti."""
    prefixes = ("", "k", "M", "G", "T") if base == 1000 else ("", "Ki", "Mi", "Gi", "Ti")
    power = 0
    while n >= base and power < 4:
        n, power = n / base, power + 1
    return f"{n:.3g} {prefixes[power]}" if power else f"{n} "


def stored_line(past_caches: bool) -> str:
    """Return when bias and activation are applied, and how results are stored."""
    return f"before the tile is stored{' past the caches' if past_caches else ''}"
