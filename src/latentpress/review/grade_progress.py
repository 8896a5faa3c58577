"""What grading shows while it runs: a bar on a terminal, and everywhere a line for each problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

EVERY = 25
"""Without a terminal, a line for so many submissions."""


class Steps(Protocol):
    """Something that is told of each submission when it is done."""

    def step(self, problem: str) -> None:
        """One more is done; ``problem`` is a line, or empty."""


class _Lines:
    def __init__(self, total: int, say: Callable[[str], None]) -> None:
        self._total, self._done, self._say = total, 0, say

    def step(self, problem: str) -> None:
        self._done += 1
        if problem:
            self._say(problem)
        if self._done % EVERY == 0 and self._done < self._total:
            self._say(f"{self._done} of {self._total}")


@contextmanager
def progress_of(total: int, say: Callable[[str], None], terminal: TextIO) -> Iterator[Steps]:
    """Show how far it is.

    Args:
        total: submissions.
        say: prints a line.
        terminal: standard output; where it is no terminal there are lines only.
    """
    if not terminal.isatty():
        yield _Lines(total, say)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=terminal, highlight=False, markup=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("grading", total=total)

        class Live:
            def step(self, problem: str) -> None:
                if problem:
                    console.print(problem, markup=False, soft_wrap=True)
                bar.advance(task)

        yield Live()
