"""The numbers that LaTeX gives to headings, figures, tables and equations, and what labels stand for."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pylatexenc.latexwalker import LatexEnvironmentNode, LatexGroupNode, LatexMacroNode, LatexNode

from latentpress.reporting.latex import to_text
from latentpress.reporting.web.dialect import DISPLAYS, argument, arguments, source

LEVELS = {"section": 1, "subsection": 2, "subsubsection": 3}
UNNUMBERED = ("unnumberedsection", "addsec")
FLOATS = {"figure": "Figure", "figure*": "Figure", "table": "Table", "table*": "Table", "longtable": "Table"}
PARTS = ("subfigure", "subtable")


@dataclass(frozen=True, slots=True)
class Place:
    """Something that has a number, or at least an address.

    Attributes:
        id: of its element, unique in the document.
        number: as it is printed: ``3``, ``2.1``, ``A``, ``4a``; empty where it has none.
        kind: ``section``, ``Figure``, ``Table``, ``part`` or ``equation``.
        title: TeX of a heading.
        level: of a heading: 1 for a section.
    """

    id: str
    number: str
    kind: str
    title: Sequence[LatexNode] = ()
    level: int = 0


@dataclass(slots=True)
class Numbering:
    """What `number` has found.

    Attributes:
        places: position of a node in the TeX to its place.
        labels: label to place.
        headings: those of the contents, in order.
    """

    places: dict[int, Place] = field(default_factory=dict)
    labels: dict[str, Place] = field(default_factory=dict)
    headings: list[Place] = field(default_factory=list)


def number(nodes: Iterable[LatexNode]) -> Numbering:
    """Walk through a document and count as LaTeX does."""
    counter = _Counter()
    counter.walk(nodes)
    return counter.found


def slug(text: str) -> str:
    """An address made of a text or a label."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-.") or "part"


@dataclass(slots=True)
class _Counter:
    found: Numbering = field(default_factory=Numbering)
    counts: dict[str, int] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    appendix: bool = False
    current: Place | None = None

    def walk(self, nodes: Iterable[LatexNode | None]) -> None:
        known = [node for node in nodes if node is not None]
        for index, node in enumerate(known):
            if isinstance(node, LatexMacroNode):
                self.macro(node, known[index + 1 :])
            elif isinstance(node, LatexEnvironmentNode):
                self.environment(node)
            elif isinstance(node, LatexGroupNode):
                self.walk(node.nodelist)

    def macro(self, node: LatexMacroNode, behind: Sequence[LatexNode]) -> None:
        name = node.macroname
        starred = bool(arguments(node)) and getattr(arguments(node)[0], "chars", "") == "*"
        if name == "appendix":
            self.appendix = True
            self.counts.update(dict.fromkeys(LEVELS, 0))
        elif name in LEVELS or name in UNNUMBERED:
            self.heading(node, "" if starred or name in UNNUMBERED else self.section_number(name), behind)
        elif name == "bibliography":
            place = Place(self.unique("references"), "", "section", (), 1)
            self.found.places[node.pos] = place
            self.found.headings.append(place)
        elif name == "label" and self.current is not None:
            self.found.labels[source(argument(node))] = self.current
        elif name not in ("caption", "texorpdfstring"):
            for index in range(len(arguments(node))):
                self.walk(argument(node, index))

    def heading(self, node: LatexMacroNode, number: str, behind: Sequence[LatexNode]) -> None:
        title = argument(node)
        wanted = label_of(behind[:3]) or to_text(source(title))
        place = Place(self.unique(wanted), number, "section", title, LEVELS.get(node.macroname, 1))
        self.found.places[node.pos] = place
        self.found.headings.append(place)
        self.current = place

    def section_number(self, name: str) -> str:
        names = list(LEVELS)
        depth = names.index(name)
        self.counts[name] = self.counts.get(name, 0) + 1
        self.counts.update(dict.fromkeys(names[depth + 1 :], 0))
        first = self.counts.get("section", 0)
        letter = string.ascii_uppercase[first - 1] if self.appendix and first else str(first)
        return ".".join([letter, *(str(self.counts.get(level, 0)) for level in names[1 : depth + 1])])

    def environment(self, node: LatexEnvironmentNode) -> None:
        name, outer = node.environmentname, self.current
        if name in DISPLAYS:
            self.display(node)
            return
        place: Place | None = None
        if name in FLOATS and (name != "longtable" or has_caption(node)):
            kind = FLOATS[name]
            place = self.place(kind, str(self.step(kind)), label_of(own_nodes(node)))
            self.counts["part"] = 0
        elif name in PARTS:
            letter = string.ascii_lowercase[self.step("part") - 1]
            above = outer.number if outer is not None else ""
            place = self.place("part", f"{above}{letter}", label_of(own_nodes(node)))
        if place is not None:
            self.found.places[node.pos] = place
            self.current = place
        self.walk(node.nodelist)
        self.current = outer

    def display(self, node: LatexEnvironmentNode) -> None:
        tex = source(list(node.nodelist))
        if DISPLAYS[node.environmentname]:
            labels = re.findall(r"\\label\{([^{}]*)\}", tex)
            place = self.place("equation", str(self.step("equation")), labels[0] if labels else "")
            self.found.places[node.pos] = place
            self.found.labels.update(dict.fromkeys(labels, place))

    def place(self, kind: str, number: str, label: str) -> Place:
        found = Place(self.unique(label or f"{kind}-{number}"), number, kind)
        if label:
            self.found.labels[label] = found
        return found

    def step(self, name: str) -> int:
        self.counts[name] = self.counts.get(name, 0) + 1
        return self.counts[name]

    def unique(self, wanted: str) -> str:
        base = slug(wanted)
        found, count = base, 1
        while found in self.taken:
            count += 1
            found = f"{base}-{count}"
        self.taken.add(found)
        return found


def own_nodes(node: LatexEnvironmentNode) -> list[LatexNode]:
    """What stands in an environment itself, and not in a part of it."""
    return [inner for inner in node.nodelist if not isinstance(inner, LatexEnvironmentNode)]


def label_of(nodes: Iterable[LatexNode]) -> str:
    """The first label among some nodes."""
    for node in nodes:
        if isinstance(node, LatexMacroNode) and node.macroname == "label":
            return source(argument(node))
    return ""


def has_caption(node: LatexEnvironmentNode) -> bool:
    """Whether an environment has a caption of its own."""
    return any(isinstance(inner, LatexMacroNode) and inner.macroname == "caption" for inner in own_nodes(node))
