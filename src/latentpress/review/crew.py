"""Processes that look at submissions: kept warm, limited, and replaced when one dies, hangs or has had enough."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from latentpress.errors import LatentPressError
from latentpress.review.submissions import Submission

LONGEST_ANSWER = 32_000_000
START_SECONDS = 300.0
"""A machine under load may take a minute to import the libraries."""
PATIENCE = 30.0
"""Seconds, beside four times those of computing, after which a process that says nothing hangs."""
CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGTRAP, signal.SIGFPE}


class CrewError(LatentPressError):
    """A process that looks at submissions cannot even be started."""


class Checker:
    """One process, and the next ones in its place.

    Args:
        command: that starts it.
        seconds: of computing that one submission may take; of waiting, four times that and half a minute.
    """

    def __init__(self, command: Sequence[str], seconds: int) -> None:
        self._command = command
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def check(self, path: Path, *, own_folder: bool = False) -> Mapping[str, Any]:
        """The answer for a file; where the process dies over it, ``unreadable`` with the reason.

        Args:
            path: of the PDF.
            own_folder: whether what lies beside it was handed in with it.

        Raises:
            CrewError: no process can be started.
        """
        for attempt in (1, 2):
            process = self._process or self._start()
            answer, killed_by = self._ask(process, path, own_folder)
            if answer is not None:
                if answer.get("spent"):
                    self.close()
                return answer
            self.close()
            # Something else than the limits has killed it: memory may have run out for the machine. Once more.
            if killed_by != signal.SIGKILL or attempt == 2 or self._stopped:
                break
        return {"unreadable": self._reason(killed_by), "spent": True}

    def stop(self) -> None:
        """End the process, and start no other."""
        self._stopped = True
        self.close()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]

    def _start(self) -> subprocess.Popen[bytes]:
        # One thread each: the pools of numerical libraries reserve address space by cores.
        single = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **single},
            start_new_session=True,  # Ctrl-C is for the one who asked
        )
        ready, _ = _answer(self._process, START_SECONDS)
        if ready != {"ready": True}:
            self.close()
            raise CrewError(
                "the process that looks at submissions could not be started",
                f"Run it by hand to see why: {' '.join(self._command)}",
            )
        return self._process

    def _ask(
        self, process: subprocess.Popen[bytes], path: Path, own_folder: bool
    ) -> tuple[Mapping[str, Any] | None, int]:
        """The answer, or None and the signal that ended the process: 0 where it ended itself, -1 where it hung."""
        assert process.stdin is not None
        try:
            request = {"path": str(path), "own_folder": own_folder}
            process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
            process.stdin.flush()
        except OSError:
            answer, hung = None, False  # it died meanwhile
        else:
            answer, hung = _answer(process, 4.0 * self._seconds + PATIENCE)
        if answer is not None:
            return answer, 0
        if hung:
            return None, -1
        try:
            return None, -process.wait(timeout=2)
        except subprocess.TimeoutExpired:  # it lives, and what it says is no answer
            return None, 0

    def _reason(self, killed_by: int) -> str:
        if killed_by == signal.SIGXCPU:
            return f"looking at it took more than {self._seconds} s of computing and was stopped"
        if killed_by == -1:
            return "looking at it did not come to an end and was stopped"
        if killed_by in CRASHES:
            return f"the libraries that read PDFs crashed over it ({signal.Signals(killed_by).name})"
        if killed_by == signal.SIGKILL:
            return "looking at it was killed twice; memory may have run out"
        return "the process that looked at it gave no answer"


def _answer(process: subprocess.Popen[bytes], seconds: float) -> tuple[Any, bool]:
    """The next line of a process, read as JSON, or None; and whether the time ran out."""
    assert process.stdout is not None
    end = time.monotonic() + seconds
    received = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not received.endswith(b"\n"):
            left = end - time.monotonic()
            if left <= 0 or len(received) > LONGEST_ANSWER:
                return None, True
            if selector.select(left):
                chunk = os.read(process.stdout.fileno(), 1 << 20)
                if not chunk:
                    return None, False
                received += chunk
    try:
        return json.loads(received), False
    except ValueError:
        return None, False


def check_all(
    submissions: Sequence[Submission], rubric: Path, workers: int, seconds: int
) -> Iterator[tuple[Submission, Mapping[str, Any]]]:
    """Look at all submissions, in whatever order they are done.

    Args:
        submissions: those without a path are answered at once.
        rubric: its file, which each process reads.
        workers: processes at once.
        seconds: of computing that one may take.

    Yields:
        A submission and the answer for it.

    Raises:
        CrewError: no process can be started.
    """
    waiting: queue.SimpleQueue[Submission] = queue.SimpleQueue()
    for submission in submissions:
        if submission.path is None:
            yield submission, {"unreadable": submission.reason}
        else:
            waiting.put(submission)
    left = waiting.qsize()
    done: queue.SimpleQueue[tuple[Submission, Mapping[str, Any] | BaseException]] = queue.SimpleQueue()
    # -P: a module that somebody hands in is not imported from the folder that one happens to be in.
    command = [sys.executable, "-P", "-m", "latentpress.review.checking", str(rubric), str(seconds)]
    checkers = [Checker(command, seconds) for _ in range(min(workers, left))]
    threads = [threading.Thread(target=_work, args=(checker, waiting, done), daemon=True) for checker in checkers]
    for thread in threads:
        thread.start()
    try:
        for _ in range(left):
            submission, answer = done.get()
            if isinstance(answer, BaseException):
                raise answer
            yield submission, answer
    finally:
        while not waiting.empty():
            with contextlib.suppress(queue.Empty):
                waiting.get_nowait()
        for checker in checkers:
            checker.stop()


def _work(
    checker: Checker,
    waiting: queue.SimpleQueue[Submission],
    done: queue.SimpleQueue[tuple[Submission, Mapping[str, Any] | BaseException]],
) -> None:
    while True:
        try:
            submission = waiting.get_nowait()
        except queue.Empty:
            return
        assert submission.path is not None
        try:
            done.put((submission, checker.check(submission.path, own_folder=submission.own_folder)))
        except BaseException as error:  # handed to whoever waits for the answer
            done.put((submission, error))
            return
