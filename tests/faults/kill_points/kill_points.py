"""Counts what a process does to files, pipes and other processes, and kills at one of these operations.

An order is JSON in LATENTPRESS_KILL:

    root       only operations on files below this folder count, and all on pipes and processes
    role       whose operations count: "build" (the scheduler) or "worker"
    number     the operation before which the kill comes, from 1; 0 kills nothing
    match      regular expression; only operations whose label it finds count
    victims    who is killed: "build", "worker" (all of them where the build counts), "guardian"
    mark       a file that the first kill creates; no second one follows, in a worker's next attempt for example
    log        a file that every counted operation is added to, or nothing

A process that is killed at a write of its own has done half of it; everything else has not begun, which is also just
after the operation before. Standard library only: this runs before anything else in every process.
"""

from __future__ import annotations

import builtins
import io
import itertools
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from typing import Any

_fsync, _open, _write = os.fsync, io.open, os.write
_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_PATHS = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.truncate", "os.link", "os.symlink"}
_OTHERS = {"fcntl.flock", "subprocess.Popen", "os.fork"}

_order: dict[str, Any] = {}
_numbers = itertools.count(1)


def arm(order: str, role: str | None = None) -> None:
    """Count from now on. Cannot be taken back: audit hooks stay."""
    _order.update(json.loads(order))
    is_worker = "latentpress.engine.worker" in getattr(sys, "orig_argv", ())
    # What starts as a worker forks: its first half stays as the guardian.
    _order["self"] = role or ("guardian" if is_worker else "build")
    if _order["self"] == "build":
        os.environ["LATENTPRESS_KILL_BUILD"] = str(os.getpid())
        os.environ["LATENTPRESS_KILL"] = order
    else:
        os.register_at_fork(after_in_child=_become_worker)
    sys.addaudithook(_hear)
    os.fsync, os.write = _counted_fsync, _counted_write  # type: ignore[assignment]
    io.open = builtins.open = _counted_open  # type: ignore[assignment]


def _become_worker() -> None:
    if _order["self"] == "guardian":
        _order["self"] = "worker"


def _step(label: str, half: Callable[[], object] | None = None) -> None:
    if _order["self"] != _order["role"] or not re.search(_order.get("match") or "", label):
        return
    number = next(_numbers)
    if _order.get("log"):
        descriptor = os.open(_order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        _write(descriptor, f"{label}\n".encode())
        os.close(descriptor)
    if number == _order["number"] and _claimed(label):
        if half is not None and _order["self"] in _order["victims"]:  # whoever lives on must not write it twice
            half()
        _kill(_order["victims"])


def _claimed(label: str) -> bool:
    try:
        descriptor = os.open(_order["mark"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    _write(descriptor, label.encode())
    os.close(descriptor)
    return True


def _kill(victims: list[str]) -> None:
    """Kill others first, oneself last."""
    pids = []
    if _order["self"] == "build":
        pids += _descendants(os.getpid()) if "worker" in victims else []
        pids += [os.getpid()] if "build" in victims else []
    else:
        pids += [os.getppid()] if "guardian" in victims else []
        pids += [int(os.environ["LATENTPRESS_KILL_BUILD"])] if "build" in victims else []
        pids += [os.getpid()] if "worker" in victims else []
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _descendants(ancestor: int) -> list[int]:
    from latentpress.engine.guardian import descendants

    return descendants(ancestor)


def _inside(path: Any, folder: int | None = -1) -> bool:
    if isinstance(path, int) or folder not in (-1, None):
        return True
    name = os.fsdecode(path)
    # The counter's own files lie beside the root, and what a library writes elsewhere is nobody's artifact.
    return name.startswith(f"{_order['root']}/")


def _short(path: Any) -> str:
    return str(path if isinstance(path, int) else os.fsdecode(path)).removeprefix(f"{_order['root']}/")


def _hear(event: str, values: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = values
        if isinstance(path, (str, bytes)) and flags & _FLAGS and _inside(path):
            _step(f"open {_short(path)}")
    elif event in _PATHS:
        target = values[1] if event in ("os.rename", "os.link", "os.symlink") else values[0]
        if _inside(target, values[-1] if event in ("os.remove", "os.rmdir", "os.mkdir") else -1):
            _step(f"{event.removeprefix('os.')} {_short(target)}")
    elif event in _OTHERS:
        _step(f"{event} {values[0] if event == 'subprocess.Popen' else ''}".strip())


def _counted_fsync(descriptor: int) -> None:
    _step("fsync")
    _fsync(descriptor)


def _counted_write(descriptor: int, data: bytes) -> int:
    _step("write", lambda: _write(descriptor, data[: len(data) // 2]))
    return _write(descriptor, data)


class _CountedFile(io.FileIO):
    def write(self, data: Any) -> int:
        _step(f"write {_short(self.name)}", lambda: io.FileIO.write(self, bytes(data)[: len(data) // 2]))
        return io.FileIO.write(self, data)


def _counted_open(
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    path = file if isinstance(file, int) else os.fspath(file)
    if "+" in mode or not set(mode) & set("wax") or not _inside(path):
        return _open(file, mode, buffering, encoding, errors, newline, closefd, opener)
    raw = _CountedFile(path, mode.replace("b", "").replace("t", ""), closefd, opener)
    if buffering == 0:
        return raw
    binary = io.BufferedWriter(raw)
    if "b" in mode:
        return binary
    return io.TextIOWrapper(binary, encoding, errors, newline)
