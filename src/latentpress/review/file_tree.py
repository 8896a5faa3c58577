"""Whether every reader of a PDF finds the same attached files: the tree that names them, and each specification."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pikepdf

from latentpress.review.findings import Finding

DEEPEST = 16
"""Levels of a tree of names; that of a build has one or two."""


def check_tree(pdf: pikepdf.Pdf) -> Iterator[Finding]:
    """What would let one program open another file than the one that is checked here."""
    nothing = pikepdf.Dictionary()
    tree = pdf.Root.get("/Names", nothing).get("/EmbeddedFiles", nothing)
    entries = list(_entries(tree, 0))
    names = [name for name, _ in entries]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding("attachments", name, "attached more than once", "once")
    if names != sorted(names):
        yield Finding("attachments", "the tree of names", "names out of order", "ascending ones")
    for name, specification in entries:
        yield from _specification(name, specification)
    listed = [one.objgen for one in pdf.Root.get("/AF", pikepdf.Array())]
    if sorted(listed) != sorted(specification.objgen for _, specification in entries):
        yield Finding("attachments", "the document's list of files (/AF)", "another list", "the attached files")


def _entries(node: Any, depth: int) -> Iterator[tuple[str, Any]]:
    kids, names = node.get("/Kids"), node.get("/Names")
    if kids is not None and names is not None:
        raise ValueError("a node of the tree of attached files has both names and nodes below it")
    if depth > DEEPEST:
        raise ValueError("the tree of attached files is deeper than any build makes it")
    for child in kids if kids is not None else []:
        yield from _entries(child, depth + 1)
    if names is not None:
        for index in range(0, len(names), 2):
            yield str(names[index]), names[index + 1]


def _specification(name: str, specification: Any) -> Iterator[Finding]:
    for key in ("/F", "/UF"):
        found = specification.get(key)
        if found is not None and str(found) != name:
            yield Finding("attachments", f"{name}, {key}", str(found), "the name that it is attached by")
    streams = specification.get("/EF", pikepdf.Dictionary())
    contents = {bytes(stream.read_bytes()) for _, stream in streams.items()}
    if len(contents) != 1 or set(streams.keys()) - {"/F", "/UF"}:
        yield Finding("attachments", name, "several contents for several programs", "one")
