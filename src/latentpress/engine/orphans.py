"""Processes that outlived their worker and its guardian, found by a mark in their environment.

A guardian ends all that its worker started. When the guardian itself is killed, with its worker or before it, what
the worker had started in sessions of its own (LaTeX, for example) would go on. The mark is in the environment of a
worker and so of all that it starts; whoever clears the environment hands the mark on (see `inherited`). It names the
process that launched the worker, so that a later build can tell what lives on without its builder. Where there is no
/proc (not Linux), nothing is found.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

MARK = "LATENTPRESS_WORKER"
# A process that does not end by SIGKILL within so many seconds waits for the disk, and ends when that answers.
_PATIENCE = 3.0


def new_mark() -> str:
    """The mark of a worker that this process launches."""
    return f"{_launcher(os.getpid())}:{secrets.token_hex(8)}"


def inherited() -> dict[str, str]:
    """What a process has to add to an environment that it makes anew for a child."""
    return {MARK: os.environ[MARK]} if MARK in os.environ else {}


def end_marked(mark: str) -> None:
    """End every process that bears a mark; its worker has ended."""
    _end(lambda found: found == mark)


def end_orphans() -> None:
    """End the processes of all workers whose launcher is dead: a build that was killed together with its guardians."""
    here = _namespace()

    def orphaned(mark: str) -> bool:
        namespace, pid, *_ = f"{mark}::".split(":")
        # In another namespace the launcher's number means another process.
        return namespace == here and pid.isdecimal() and not mark.startswith(f"{_launcher(int(pid))}:")

    _end(orphaned)


def _end(wanted: Callable[[str], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while pids := [pid for pid, mark in _marked() if wanted(mark)]:
        for pid in pids:  # they may start others while we look, so that we look until there is none
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > end:
            return
        time.sleep(0.01)


def _marked() -> Iterator[tuple[int, str]]:
    """Every process that bears a mark and may be looked at by this user, but for this one."""
    if sys.platform != "linux":
        return
    sign = f"\0{MARK}=".encode()
    for name in os.listdir("/proc"):  # noqa: PTH208
        if not name.isdecimal() or int(name) == os.getpid():
            continue
        try:
            _, found, rest = (b"\0" + Path(f"/proc/{name}/environ").read_bytes()).partition(sign)
        except OSError:
            continue  # it ended while we looked, or is another user's
        if found:
            yield int(name), rest.partition(b"\0")[0].decode(errors="replace")


def _launcher(pid: int) -> str:
    """Names a process on this machine: its number may be given to another when it is dead, its start may not."""
    try:
        # The process's name may hold spaces and brackets; the fields after the last one are plain.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return f"{_namespace()}:{pid}:dead"
    return f"{_namespace()}:{pid}:{'dead' if fields[0] == 'Z' else fields[19]}"


def _namespace() -> str:
    """The namespace that numbers of processes are of: containers on one machine have one each."""
    try:
        return os.readlink("/proc/self/ns/pid").removeprefix("pid:").strip("[]")  # noqa: PTH115
    except OSError:
        return ""
