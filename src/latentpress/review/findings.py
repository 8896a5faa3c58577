"""What a review has found: single findings, and the verdict on a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Weight = Literal["altered", "undecided", "note"]
"""``altered``: the report is not what a build has made. ``undecided``: it does not follow from its data by the code of
this clone, but other code has made it. ``note``: worth knowing, and no fault of the report."""

VERIFIED, ALTERED, UNDECIDED, UNREADABLE = "verified", "altered", "undecided", "unreadable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        check: the check that found it, ``"numbers"``.
        where: a page, a file, a key.
        found: what stands there.
        expected: what should.
        weight: whether it makes the report an altered one.
    """

    check: str
    where: str
    found: str
    expected: str
    weight: Weight = "altered"

    def told(self) -> str:
        """One line for people."""
        return f"{self.where}: found {self.found}, expected {self.expected}"

    def as_json(self) -> dict[str, str]:
        """The entry of verify.json."""
        return {
            "check": self.check,
            "where": self.where,
            "found": self.found,
            "expected": self.expected,
            "weight": self.weight,
        }


@dataclass(frozen=True, slots=True)
class CheckDone:
    """One check of a review.

    Attributes:
        name: of the check.
        looked_at: how many things it held against each other.
        what: these things, in words.
        findings: what was not as it should be.
        skipped: why it was not done, where it was not.
    """

    name: str
    looked_at: int
    what: str
    findings: Sequence[Finding] = ()
    skipped: str = ""

    def as_json(self) -> dict[str, Any]:
        """The entry of verify.json."""
        return {
            "name": self.name,
            "looked_at": self.looked_at,
            "what": self.what,
            "findings": [finding.as_json() for finding in self.findings],
            "skipped": self.skipped,
        }


@dataclass(slots=True)
class Review:
    """All checks of one report.

    Attributes:
        path: as it was given.
        sha256: of the PDF.
        checks: in the order in which they were made.
        unreadable: why nothing could be checked, or empty.
    """

    path: str
    sha256: str = ""
    checks: list[CheckDone] = field(default_factory=list)
    unreadable: str = ""

    @property
    def altered(self) -> list[Finding]:
        """Findings by which the report is not what a build has made."""
        return [finding for check in self.checks for finding in check.findings if finding.weight == "altered"]

    @property
    def undecided(self) -> list[Finding]:
        """Findings that only the code which made the report can decide."""
        return [finding for check in self.checks for finding in check.findings if finding.weight == "undecided"]

    @property
    def notes(self) -> list[Finding]:
        """What is worth knowing besides."""
        return [finding for check in self.checks for finding in check.findings if finding.weight == "note"]

    @property
    def verdict(self) -> str:
        """``verified``, ``altered``, ``undecided`` or ``unreadable``."""
        if self.unreadable:
            return UNREADABLE
        if self.altered:
            return ALTERED
        return UNDECIDED if self.undecided else VERIFIED

    def as_json(self) -> dict[str, Any]:
        """The content of verify.json."""
        return {
            "report": self.path,
            "sha256": self.sha256,
            "verdict": self.verdict,
            "unreadable": self.unreadable,
            "checks": [check.as_json() for check in self.checks],
        }
