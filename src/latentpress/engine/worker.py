"""The worker process: runs one stage after another, as a launcher asks for them over a pipe.

Started as ``python -m latentpress.engine.worker REQUEST REPLY`` with the numbers of two pipes. A request is
a line of JSON, a job; the answer is lines of JSON: notes while it runs, then one reply.
"""

from __future__ import annotations

import errno
import fcntl
import importlib
import json
import os
import re
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentpress.engine.guardian import guard
from latentpress.engine.imports import ImportWatch

if TYPE_CHECKING:
    from latentpress.engine.jobs import Job, Reply
    from latentpress.engine.stage import Failure, Result, Task
    from latentpress.engine.store import Workplace
    from latentpress.errors import StoreError

# A training reports every batch; people read ten lines a second at most.
_PROGRESS_INTERVAL = 0.1
_LINES_TOLD = 8
# What a stage can use up in its own process; that the store cannot be read then is no fault of the store.
_USED_UP = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def main(request: int, reply: int) -> None:
    """Serve jobs until the launcher closes the pipe."""
    for descriptor in (request, reply):
        os.set_inheritable(descriptor, False)
    guard(request, reply)
    watch: ImportWatch | None = None
    channel = _Channel(reply)
    with os.fdopen(request, "rb") as requests:
        for line in requests:
            values = json.loads(line)
            if watch is None:
                # Before anything of the project is loaded, so that no module escapes the watch.
                watch = ImportWatch(values["packages"], values["places"])
                watch.install()
            channel.send("reply", serve(values, watch, channel.send).as_json())


class _Channel:
    """The pipe to the launcher; functions may report from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "wb")
        self._lock = threading.Lock()

    def send(self, what: str, values: dict[str, Any]) -> None:
        line = json.dumps({"what": what, "values": values}).encode() + b"\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()


def serve(values: dict[str, Any], watch: ImportWatch, send: Callable[[str, dict[str, Any]], None]) -> Reply:
    """Run one job and say how it ended."""
    from latentpress.engine.jobs import Job, Reply
    from latentpress.engine.store import Workplace, writing
    from latentpress.errors import StoreError

    job = Job.from_json(values)
    place = Workplace(Path(job.store) / "work" / job.key)
    if watch.outdated(job.sources):
        return Reply("outdated")
    start = time.monotonic()
    _forget_peak_memory()
    try:
        with writing(place.root), _output_to(place.log), _only_worker(place.lock):
            send("started", {"pid": os.getpid(), "host": socket.gethostname()})
            reply = _attempt(job, place, watch, send)
    except StoreError as error:
        reply = Reply("store", message=error.message, hint=error.hint)
    return _with_cost(reply, time.monotonic() - start)


def _attempt(job: Job, place: Workplace, watch: ImportWatch, send: Callable[[str, dict[str, Any]], None]) -> Reply:
    from latentpress.engine import codec
    from latentpress.engine.jobs import Reply
    from latentpress.engine.store import DamagedArtifactError, write_artifact

    watch.begin(frozenset(job.sources))
    try:
        result = _call(job, place, send)
        _refuse_escapes(job, watch)
        if watch.outdated(job.sources):
            return Reply("outdated")
        return Reply("done", artifact=write_artifact(place.result, codec.encode(result)))
    except DamagedArtifactError as error:
        return Reply("damaged", artifact=error.artifact, file=error.file)
    except BaseException as error:  # whatever a stage raises, SystemExit too, is that stage's failure and no other's
        traceback.print_exc()
        if watch.outdated(job.sources):
            return Reply("outdated")
        told = _refusal(place, error)
        if told is not None:
            return Reply("store", message=told.message, hint=told.hint)
        return Reply("failed", failure=_describe(job, place, error))


def _refusal(place: Workplace, error: BaseException) -> StoreError | None:
    """What the disk refused, which ends the build; None where the stage alone is to blame."""
    from latentpress.engine.store import store_error
    from latentpress.errors import StoreError

    if isinstance(error, StoreError):
        used_up = isinstance(error.__cause__, OSError) and error.__cause__.errno in _USED_UP
        return None if used_up else error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS):
        return store_error(place.root, error)
    return None


def _call(job: Job, place: Workplace, send: Callable[[str, dict[str, Any]], None]) -> Result:
    from latentpress.engine.stage import Result
    from latentpress.errors import StageError

    module, _, name = job.function.partition(":")
    function = getattr(importlib.import_module(module), name, None)
    if not callable(function):
        raise StageError(f"stage {job.stage} names the function {name!r}, which module {module} does not have")
    result = function(_task(job, place, send))
    if not isinstance(result, Result):
        raise StageError(
            f"stage {job.stage}: {name} in module {module} returned {type(result).__name__}, expected a Result",
            "See that it ends by returning one.",
        )
    return result


def _task(job: Job, place: Workplace, send: Callable[[str, dict[str, Any]], None]) -> Task:
    from latentpress.engine.stage import Failure, Provenance, Task
    from latentpress.engine.store import Store, writing

    with writing(place.scratch):
        place.scratch.mkdir(parents=True, exist_ok=True)
    store = Store(Path(job.store))
    told = [0.0]

    def report(**values: float | str) -> None:
        now = time.monotonic()
        if now - told[0] >= _PROGRESS_INTERVAL:
            told[0] = now
            send("progress", {name: _plain(value) for name, value in values.items()})

    return Task(
        name=job.stage,
        settings=job.settings,
        inputs={label: store.artifact(digest) for label, digest in job.inputs.items()},
        files={label: Path(path) for label, path in job.files.items()},
        scratch=place.scratch,
        seed=job.seed,
        threads=job.kind.threads,
        failures={label: Failure(**values) for label, values in job.failures.items()},
        lineage={name: Provenance(**values) for name, values in job.lineage.items()},
        report=report,
    )


def _plain(value: Any) -> float | int | str:
    """Numbers of any library as Python's, for JSON."""
    if isinstance(value, (str, int)):
        return value
    return float(value)


def _refuse_escapes(job: Job, watch: ImportWatch) -> None:
    from latentpress.errors import EscapedImportError

    escaped = watch.escaped(job.function.partition(":")[0], frozenset(job.sources), job.files.values())
    if escaped:
        raise EscapedImportError(
            f"stage {job.stage} used {', '.join(escaped)}, which its fingerprint does not cover",
            "Import it by a statement, or name it in the stage's roots: an edit of it would go unnoticed.",
        )


def _describe(job: Job, place: Workplace, error: BaseException) -> Failure:
    """A failure in words that are the same on every run: no addresses, no scratch paths, no line numbers."""
    from latentpress.engine.stage import Failure
    from latentpress.errors import LatentPressError

    lines = str(error).strip().splitlines() or ["no message"]
    if not isinstance(error, LatentPressError):
        where = [
            f"{Path(frame.filename).name}, {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
            if not frame.filename.startswith((str(Path(__file__).parent), "<"))
        ]
        lines = [*lines[: _LINES_TOLD - 1], *(f"in {frame}" for frame in where[-1:])]
    text = "\n".join(lines[:_LINES_TOLD])
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", text).replace(str(place.root), f"work/{job.key[:12]}")
    text = text.replace(job.store, "store")
    return Failure(stage=job.stage, error=type(error).__name__, first_lines=text)


@contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Send what the stage and its libraries print to the log, C libraries too."""
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        _flush()
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        yield
    finally:
        _flush()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        os.close(descriptor)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            continue  # a full disk loses log lines, never results


@contextmanager
def _only_worker(lock: Path) -> Iterator[None]:
    """Wait until the worker of a killed build, which may live for some milliseconds yet, has let go."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _with_cost(reply: Reply, seconds: float) -> Reply:
    from dataclasses import replace

    return replace(reply, seconds=seconds, peak_memory_mb=_peak_memory_mb(), pid=os.getpid(), host=socket.gethostname())


def _forget_peak_memory() -> None:
    """Let the system count the peak anew (Linux): a warm worker's stage does not pay for the one before."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return  # then the peak is that of the process


def _peak_memory_mb() -> float:
    try:
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024  # type: ignore[index]
    except (OSError, TypeError):
        import resource

        scale = 1024 if sys.platform == "linux" else 1024**2
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
