"""Submissions that have in common what differs between reports that were made independently.

Trainings are deterministic: the same settings, code and data give equal bytes on one model of processor. So equal
results under equal settings prove nothing, most of all where the settings are those that were handed out; equal
results under *different* settings, or sentences that only two reports have, do need an explanation. No points
follow from any of it: it is told, and a person looks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from latentpress.review.scoring import listed
from latentpress.review.traits import Result, Traits

SAME_FILE = "same file"
OTHER_SETTINGS = "equal results, different settings"
OF_REFERENCE = "results of the reference, other settings"
SAME_TEXT = "same text"
SAME_AUTHORS = "same authors"
SAME_SETTINGS = "same settings, same results"

MEANINGS: Mapping[str, str] = {
    SAME_FILE: "The very same bytes were handed in more than once: by each member of a team, or by a copier.",
    OTHER_SETTINGS: "A training, or what was measured or drawn of it, is equal to the bit though the settings differ. "
    "Trainings do not come out equal by chance; a setting that has no effect in an experiment explains it, and so do "
    "results that were taken over while the settings were made to look different.",
    OF_REFERENCE: "Results equal those of the report that was handed out, though the settings are said to be others. "
    "Here, too, a setting without effect explains it.",
    SAME_TEXT: "Sentences that no code has computed and that neither the handed-out report nor most others have. "
    "A template's sentence that is shown in few reports only is told, too; read the examples.",
    SAME_AUTHORS: "A name or a student number stands on several reports that differ.",
    SAME_SETTINGS: "Nothing by itself: whoever trains with the same settings gets the same bytes on the same model of "
    "processor. Settings that two teams would not both have come to are a reason to ask.",
}
"""What each kind can tell and what it cannot, in the order in which they are told."""

SUSPICIOUS = frozenset({OTHER_SETTINGS, OF_REFERENCE, SAME_TEXT, SAME_FILE})
"""What a submission is looked at first for."""
FEWEST_SENTENCES = 4
FEWEST_COMMON = 5
"""What more than half of the class has, and more than so many, is taken for a sentence of the template."""


@dataclass(frozen=True, slots=True)
class Group:
    """Submissions with something in common.

    Attributes:
        kind: a key of `MEANINGS`.
        members: numbers of the submissions, in order.
        what: they have in common.
        examples: sentences, if it is text.
    """

    kind: str
    members: tuple[int, ...]
    what: str
    examples: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The entry of grades.json."""
        return asdict(self)


def find_copies(found: Mapping[int, Traits], reference: Traits | None) -> list[Group]:
    """Groups of submissions that have too much in common.

    Args:
        found: number of a submission to its traits; those that could not be read have none.
        reference: of the report that was handed out, or None.

    Returns:
        Groups, in the order of `MEANINGS` and of their members.
    """
    files: dict[str, list[int]] = defaultdict(list)
    for number in sorted(found):
        files[found[number].sha256].append(number)
    groups = [Group(SAME_FILE, tuple(numbers), "the file") for numbers in files.values() if len(numbers) > 1]
    # The same file is told once, not again for all that it holds.
    distinct = {numbers[0]: found[numbers[0]] for numbers in files.values()}
    groups += _results(distinct, reference)
    groups += _texts(distinct)
    groups += _authors(distinct, reference)
    order = list(MEANINGS)
    return sorted(groups, key=lambda group: (order.index(group.kind), group.members, group.what))


def _results(found: Mapping[int, Traits], reference: Traits | None) -> Iterator[Group]:
    handed_out = {result.digest for result in reference.results} if reference else set()
    unchanged = {result.settings for result in reference.results} if reference else set()
    owners: dict[str, list[tuple[int, Result]]] = defaultdict(list)
    for number, traits in found.items():
        for result in traits.results:
            if result.settings not in unchanged:
                owners[result.digest].append((number, result))
    shared: dict[tuple[str, tuple[int, ...]], list[Result]] = defaultdict(list)
    for digest, having in owners.items():
        members = tuple(sorted({number for number, _ in having}))
        result = min(having, key=lambda pair: pair[0])[1]
        if digest in handed_out:
            for number in members:
                shared[OF_REFERENCE, (number,)].append(result)
        elif len(members) > 1:
            kind = SAME_SETTINGS if len({own.settings for _, own in having}) == 1 else OTHER_SETTINGS
            shared[kind, members].append(result)
    for (kind, members), results in shared.items():
        yield Group(kind, members, _told(results))


def _told(results: Iterable[Result]) -> str:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        counts[result.model][result.what] += 1
    return "; ".join(f"{model}: {_counted(counts[model])}" for model in sorted(counts))


def _counted(counts: Counter[str]) -> str:
    """``2 trainings, measures, 9 figures``."""
    plural = {"training": "trainings", "measures": "measures", "figure": "figures"}
    parts = {what: many if counts[what] > 1 else what for what, many in plural.items() if counts[what]}
    return ", ".join(word if what == "measures" else f"{counts[what]} {word}" for what, word in parts.items())


def _texts(found: Mapping[int, Traits]) -> Iterator[Group]:
    owners: dict[str, list[int]] = defaultdict(list)
    for number, traits in found.items():
        for digest in traits.sentences:
            owners[digest].append(number)
    common = max(len(found) // 2, FEWEST_COMMON)
    pairs: Counter[tuple[int, int]] = Counter()
    for members in owners.values():
        if 1 < len(members) <= common:
            pairs.update(combinations(sorted(members), 2))
    close = [pair for pair, count in pairs.items() if count >= FEWEST_SENTENCES]
    for connected in _connected(close):
        counts = [pairs[pair] for pair in close if pair[0] in connected]
        least, most = min(counts), max(counts)
        both = next(pair for pair in sorted(close) if pair[0] in connected)
        digests = [d for d in found[both[0]].sentences if d in found[both[1]].sentences and len(owners[d]) <= common]
        many = f"{least}" if least == most else f"{least} to {most}"
        examples = tuple(found[both[0]].sentences[digest] for digest in digests[:2])
        yield Group(SAME_TEXT, tuple(sorted(connected)), f"{many} sentences", examples)


def _connected(pairs: Sequence[tuple[int, int]]) -> list[set[int]]:
    """Sets of numbers that pairs connect, directly or by others."""
    sets: dict[int, set[int]] = {}
    for one, other in pairs:
        joined = sets.get(one, {one}) | sets.get(other, {other})
        for number in joined:
            sets[number] = joined
    return list({id(members): members for members in sets.values()}.values())


def _authors(found: Mapping[int, Traits], reference: Traits | None) -> Iterator[Group]:
    placeholders = set(reference.authors) if reference else set()
    owners: dict[str, list[int]] = defaultdict(list)
    for number, traits in found.items():
        for name in traits.authors:
            if name not in placeholders:
                owners[name].append(number)
    shared: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for name, members in owners.items():
        if len(members) > 1:
            shared[tuple(sorted(members))].append(found[members[0]].authors[name])
    for together, names in shared.items():
        yield Group(SAME_AUTHORS, together, listed(sorted(names)))
