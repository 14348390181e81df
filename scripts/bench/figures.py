"""Figures, the aims beside them, and the table that is printed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

AIMS = {
    "home": 250.0,
    "lesson": 400.0,
    "saving": 100.0,
    "burst": 1000.0,
    "queries": 12.0,
    "web": 200.0,
    "page": 300.0,
    "list": 5.0,
}
"""``page`` (p95 of one reader, ms) and ``list`` (seconds) are ours: nobody asked for a figure, the table says so."""


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that ``percent`` per cent of the values do not exceed. Raises ValueError for none."""
    if not values:
        raise ValueError("no values, no percentile")
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(int(rank), 1) - 1]


def verdict(value: float, aim: float | None, *, at_most: bool) -> str:
    """Return whether an aim is met: a figure equal to the aim meets it, without an aim nothing is said."""
    if aim is None:
        return ""
    return "met" if (value <= aim if at_most else value >= aim) else "MISSED"


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    figure: str
    aim: str = ""
    verdict: str = ""


def table(rows: Sequence[Row]) -> list[str]:
    """Return the rows as aligned lines."""
    widths = [max(len(getattr(row, name)) for row in rows) for name in ("what", "figure", "aim")]
    return [
        f"  {row.what:<{widths[0]}}  {row.figure:<{widths[1]}}  {row.aim:<{widths[2]}}  {row.verdict}".rstrip()
        for row in rows
    ]


@dataclass
class Load:
    """What came of a load: milliseconds of each answer, and what was not answered as it should be."""

    milliseconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0
    client_share: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds

    def row(self, what: str, *, rate: float | None = None, p95: float | None = None) -> Row:
        """Return the line of the table; ``rate`` and ``p95`` (ms) are aims."""
        if not self.milliseconds:
            return Row(what, "no answer at all", verdict="FAILED")
        late = percentile(self.milliseconds, 95)
        figure = f"{self.per_second:6.0f}/s   p95 {late:6.1f} ms   client {self.client_share:3.0%} of a core"
        aim, said = "", ""
        if rate is not None:
            aim, said = f"> {rate:.0f}/s", verdict(self.per_second, rate, at_most=False)
        if p95 is not None:
            aim, said = f"p95 < {p95:.0f} ms", verdict(late, p95, at_most=True)
        if self.errors:
            said = f"FAILED {len(self.errors)}x: {self.errors[0]}"
        return Row(what, figure, aim, said)
