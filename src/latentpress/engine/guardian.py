"""No orphan goes on: the guardian, a worker's parent, ends it and all that it started.

The launcher's child forks before anything heavy is loaded. The parent half stays as the guardian: it waits
until the launcher's end of the request pipe closes (the scheduler let go, or was killed) or the worker
ends, kills whatever descends from it, and ends as the worker ended. As a sub-reaper it also gets the
grandchildren whose own parent died, a LaTeX run in its own session for example. Where there is no /proc
(not Linux), only the worker itself is killed.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def guard(request: int, reply: int) -> None:
    """Split off a guardian; returns in the worker only.

    Args:
        request: read end of the pipe whose closing ends everything.
        reply: write end of the worker's pipe; the guardian lets go of it, so that the worker's death is seen.
    """
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    guardian = os.getpid()
    worker = os.fork()
    if worker == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(wake_read)
        os.close(wake_write)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guardian:  # it died between the fork and the request above
            os._exit(1)
        return
    os.close(reply)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _watch(request, wake_read, worker)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _watch(request: int, wake: int, worker: int) -> None:
    poll = select.poll()
    poll.register(request, 0)  # only the hang-up is asked for; the requests are the worker's
    poll.register(wake, select.POLLIN)
    status = None
    while status is None:
        ready = dict(poll.poll())
        if wake in ready:
            os.read(wake, 4096)
            status = _reap(worker)
        if request in ready:
            break
    _kill_descendants(worker if status is None else None)
    if status is not None and os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        signal.signal(number, signal.SIG_DFL) if number not in (signal.SIGKILL, signal.SIGSTOP) else None
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status) if status is not None and os.WIFEXITED(status) else 1)


def _reap(worker: int) -> int | None:
    """Collect dead children; the worker's exit status if it is among them."""
    found = None
    while True:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if child == 0:
            return found
        if child == worker:
            found = status


def _kill_descendants(worker: int | None) -> None:
    """Kill until none is left: the orphans of those killed become the guardian's own children."""
    while True:
        alive = [worker] if worker is not None else []
        for pid in descendants(os.getpid()) if sys.platform == "linux" else alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def descendants(ancestor: int) -> list[int]:
    """All processes below one, zombies left out, as the system lists them at this moment."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The process's name may hold spaces and brackets; the fields after the last one are plain.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended while we looked
            if fields[0] != "Z":
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
