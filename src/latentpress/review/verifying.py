"""The command ``latentpress verify``: what is asked for, what is printed, the exit status."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latentpress.errors import LatentPressError, UsageError
from latentpress.review.findings import ALTERED, UNDECIDED, UNREADABLE, VERIFIED, CheckDone, Finding, Review
from latentpress.review.shown import plain
from latentpress.review.verify import DAMAGE, verified_document, verify, write_review

MOST = 12
"""Findings of one check that are printed; verify.json has them all."""
STATUSES = {VERIFIED: 0, ALTERED: 1, UNREADABLE: 2, UNDECIDED: 3}
WORDS = {
    "verified": "verified: the pages, the attached data and all that follows from it agree",
    "altered": "ALTERED: this is not what a build has made",
    "undecided": "undecided: other code than this clone's made it, and its data give something else here",
    "unreadable": "unreadable: it is no report that can be verified",
}
BLIND = (
    "An edit that changes the pages and all that is attached consistently is not seen here: only by running a part "
    "again (--rerun 0.2), or by a digest held from elsewhere (--expect; the build prints it)."
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for; see ``latentpress verify --help``."""

    report: Path
    expect: str = ""
    rerun: float = 0.0
    draw: int | None = None
    data_dir: Path | None = None
    output: Path | None = None
    root: Path | None = None


def print_verdict(wish: Wish, say: Callable[[str], None]) -> int:
    """Verify a report and tell the verdict.

    Returns:
        The exit status: 0 verified, 1 altered, 2 unreadable, 3 undecided.

    Raises:
        UsageError: a share or a digest that is none.
    """
    if not 0 <= wish.rerun <= 1:
        raise UsageError(f"--rerun: found {wish.rerun:g}, expected a share above 0 and at most 1", "Try --rerun 0.2")
    if wish.expect and not _is_digest(wish.expect):
        raise UsageError(
            f"--expect: found {wish.expect!r}, expected a SHA-256: 64 hexadecimal digits, or at least the first 12",
            "The build prints it, and sha256sum report.pdf does.",
        )
    if wish.output is not None and wish.output.resolve() == wish.report.resolve():
        raise UsageError(f"--output: found {wish.output}, which is the report itself", "Name another file.")
    review = verify(wish.report, expect=wish.expect, root=wish.root)
    if wish.rerun and not review.unreadable:
        from latentpress.review.rerun import rerun

        draw = secrets.randbelow(1_000_000) if wish.draw is None else wish.draw
        try:
            document = verified_document(wish.report)
            review.checks.append(rerun(document, wish.rerun, draw, say, wish.data_dir, root=wish.root))
        except (*DAMAGE, LatentPressError) as error:
            told = f"stages that cannot be run ({type(error).__name__}: {error})"
            finding = Finding("rerun", "provenance", told, "those of a build")
            review.checks.append(CheckDone("rerun", 0, "", [finding]))
    tell(review, say)
    if wish.output is not None:
        write_review(review, wish.output)
        say(f"All findings: {wish.output}")
    return STATUSES[review.verdict]


def _is_digest(text: str) -> bool:
    wanted = text.strip().lower()
    return 12 <= len(wanted) <= 64 and set(wanted) <= set("0123456789abcdef")


def tell(review: Review, say: Callable[[str], None]) -> None:
    """Print a review: a line for each check, what it found, the verdict."""
    say(review.path)
    if review.sha256:
        say(f"  SHA-256 {review.sha256}")
    for check in review.checks:
        wrong = [finding for finding in check.findings if finding.weight != "note"]
        notes = [finding for finding in check.findings if finding.weight == "note"]
        mark = "FAILED" if wrong else "not done" if check.skipped and not check.looked_at else "ok"
        counted = f"{check.looked_at:,} {check.what}" if check.what else ""
        told = "; ".join(part for part in (counted, check.skipped) if part)
        say(f"  {mark:8} {check.name}: {told}" if told else f"  {mark:8} {check.name}")
        _list(wrong, say)
        _list(notes, say, "differs")
    say(f"Verdict: {plain(review.unreadable) or WORDS[review.verdict]}")
    if review.verdict == VERIFIED and not any(check.name in ("rerun", "digest") for check in review.checks):
        say(f"  {BLIND}")


def _list(findings: list[Finding], say: Callable[[str], None], word: str = "") -> None:
    for finding in findings[:MOST]:
        beside = f"{finding.where}: {finding.found} in the report, {finding.expected} here"
        line = beside if word else finding.told()
        say(f"           {'- ' if not word else f'- {word}: '}{plain(line)}")
    if len(findings) > MOST:
        say(f"           … and {len(findings) - MOST} more")
