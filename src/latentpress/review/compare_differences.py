"""What a comparison of two reports finds: entries in parts, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["same", "within", "told", "differs"]
"""``same``: equal. ``within``: apart by no more than the tolerance. ``told``: otherwise, but no result: what may have
caused a difference, or what follows from numbers that are compared by themselves. ``differs``: a result that is
otherwise."""
STATES: tuple[State, ...] = ("same", "within", "told", "differs")
SAME, DIFFERENT = "same", "differs"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that both reports may have.

    Attributes:
        key: what it is, unique in its part.
        a: as report A has it, or None where A has no such thing.
        b: the same of report B.
        state: how the two stand to each other.
        note: what else is to be said of it.
        group: heading that it stands under, with others.
        label: the key below that heading; the whole key where empty.
    """

    key: str
    a: str | None
    b: str | None
    state: State
    note: str = ""
    group: str = ""
    label: str = ""

    @property
    def shown(self) -> bool:
        """Whether it is shown where only differences are."""
        return self.state in ("told", "differs")

    @property
    def title(self) -> str:
        """What stands beside its values."""
        return self.label or self.key

    def as_json(self) -> dict[str, Any]:
        """The entry of ``compare --json``."""
        return {"key": self.key, "a": self.a, "b": self.b, "state": self.state, "note": self.note}


@dataclass(frozen=True, slots=True)
class NumberEntry(Entry):
    """A measured number; ``a`` and ``b`` are its values in as many digits as tell them apart.

    Attributes:
        numbers: value, low and high end of the interval, as report A and report B have them; None where one has not.
        difference: B's value less A's, in words; empty where there is none.
        tolerance: in words.
        reason: of the tolerance.
        inside: whether each value lies in the other's interval; None where one has no interval.
    """

    numbers: tuple[dict[str, Any] | None, dict[str, Any] | None] = (None, None)
    difference: str = ""
    tolerance: str = ""
    reason: str = ""
    inside: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry of ``compare --json``."""
        return {
            "key": self.key,
            "a": self.numbers[0],
            "b": self.numbers[1],
            "state": self.state,
            "note": self.note,
            "difference": self.difference,
            "tolerance": self.tolerance,
            "reason": self.reason,
            "inside_intervals": self.inside,
        }


@dataclass(frozen=True, slots=True)
class Part:
    """Entries of one kind.

    Attributes:
        id: ``"metrics"``, ``"health"``, ….
        title: for people.
        entries: in the order of report A, then those of B alone.
        remark: how to read what is shown.
        left_out: what was not compared, and why; said even where nothing is shown.
    """

    id: str
    title: str
    entries: Sequence[Entry]
    remark: str = ""
    left_out: str = ""

    def count(self, *states: State) -> int:
        """How many entries are in one of these states."""
        return sum(entry.state in states for entry in self.entries)

    def chosen(self, everything: bool) -> list[Entry]:
        """What is shown."""
        return [entry for entry in self.entries if everything or entry.shown]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two reports.

    Attributes:
        path: as it was given.
        sha256: of the PDF; empty where there is none.
        title: of the report.
        authors: names.
    """

    path: str
    sha256: str
    title: str
    authors: Sequence[str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two reports side by side."""

    a: Side
    b: Side
    parts: Sequence[Part] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """``same`` (within tolerances) or ``differs``."""
        return DIFFERENT if any(part.count("differs") for part in self.parts) else SAME

    def part(self, identifier: str) -> Part:
        """The part of this id."""
        return next(part for part in self.parts if part.id == identifier)

    def summary(self) -> str:
        """The verdict in one sentence."""
        if self.verdict == SAME:
            apart = sum(part.count("within") for part in self.parts)
            return "The results are the same" + (
                f" within tolerances ({_counted(apart, 'value')} not to the last bit)." if apart else "."
            )
        found = [(part.title.lower(), part.count("differs")) for part in self.parts if part.count("differs")]
        return f"The results differ: {', '.join(f'{title} ({number})' for title, number in found)}."

    def as_json(self, everything: bool) -> dict[str, Any]:
        """What ``compare --json`` writes."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            **{name: _side_json(side) for name, side in (("a", self.a), ("b", self.b))},
            "parts": [
                {
                    "id": part.id,
                    "title": part.title,
                    "left_out": part.left_out,
                    "counts": {state: part.count(state) for state in STATES},
                    "entries": [entry.as_json() for entry in part.chosen(everything)],
                }
                for part in self.parts
            ],
        }


def _side_json(side: Side) -> dict[str, Any]:
    return {"path": side.path, "sha256": side.sha256, "title": side.title, "authors": list(side.authors)}


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def counts_in_words(part: Part) -> str:
    """``3 differ, 2 told, 5 within tolerance, 90 same``; states without an entry are left out."""
    words = {"differs": "differ", "told": "changed", "within": "within tolerance", "same": "the same"}
    found = [(part.count(state), words[state]) for state in reversed(STATES)]
    return ", ".join(f"{number:,} {word}" for number, word in found if number) or "none"
