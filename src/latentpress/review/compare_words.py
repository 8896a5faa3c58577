"""Two wordings of one sentence, word by word: what they share, and what stands in place of what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

MOST_WORDS = 600
"""Of one text; the time that the comparison takes grows with the square of it."""
LEAST_SHARED = 0.4
"""Share of the words; texts that have less in common are shown one after the other."""
_WORD = re.compile(r"\s+|[\w.,−]*\w|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Run:
    """Some words of one or both texts; ``a == b`` where they share them."""

    a: str
    b: str

    @property
    def shared(self) -> bool:
        """Whether both texts have it."""
        return self.a == self.b


def runs(a: str | None, b: str | None) -> Sequence[Run] | None:
    """The texts as runs of words, or None where they are better shown one after the other.

    Returns:
        Runs; all ``a`` of them make up the one text, all ``b`` the other.
    """
    if a is None or b is None or a == b:
        return None
    words_a, words_b = _WORD.findall(a), _WORD.findall(b)
    if not 8 <= max(len(words_a), len(words_b)) <= MOST_WORDS:
        return None
    matcher = SequenceMatcher(None, words_a, words_b, autojunk=False)
    if matcher.ratio() < LEAST_SHARED:
        return None
    found: list[Run] = []
    for kind, from_a, to_a, from_b, to_b in matcher.get_opcodes():
        run = Run("".join(words_a[from_a:to_a]), "".join(words_b[from_b:to_b]))
        # A blank alone between two changes belongs to them.
        if found and not found[-1].shared and (kind != "equal" or not run.a.strip()):
            found[-1] = Run(found[-1].a + run.a, found[-1].b + run.b)
        else:
            found.append(run)
    return [part for run in found for part in _trimmed(run)]


def _trimmed(run: Run) -> list[Run]:
    """A change without the blanks that both of its sides end in."""
    if run.shared or not (run.a.endswith(" ") and run.b.endswith(" ")):
        return [run]
    return [Run(run.a.rstrip(), run.b.rstrip()), Run(" ", " ")]
