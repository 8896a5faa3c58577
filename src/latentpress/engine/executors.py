"""Launchers, each of which owns one worker process, and the pool that keeps workers warm.

The unit of work that goes to a `concurrent.futures.Executor` waits for a worker's pipe; locally the executor
is a pool of threads. Workers stay warm, by kind; one ends after an isolated stage, when it holds outdated
code, and when its pipe closes, whatever the reason.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from latentpress.engine.jobs import Job, Kind, Note, Reply
from latentpress.engine.orphans import MARK, end_marked, new_mark
from latentpress.engine.store import Workplace, writing

Notify = Callable[[Note], None]
# How long a worker is given to end after its pipe closed, before its process group is killed.
_PATIENCE = 3.0


def ignore(note: Note) -> None:
    """Listen to nothing."""


class Launcher:
    """Starts one worker process, hands it jobs, ends it.

    Args:
        kind: what the worker is set up for.
        log: where a worker that cannot even start says why.
    """

    def __init__(self, kind: Kind, log: Path) -> None:
        self.kind = kind
        self.warm = False
        self._mark = new_mark()
        request, ours = os.pipe()
        theirs, reply = os.pipe()
        # Unbuffered, so that a job is either with the worker or known not to be.
        self._requests = os.fdopen(ours, "wb", buffering=0)
        self._replies = os.fdopen(theirs, "rb")
        try:
            with writing(log), log.open("ab") as output:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "latentpress.engine.worker", str(request), str(reply)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env={**kind.environment(), MARK: self._mark},
                    pass_fds=(request, reply),
                    start_new_session=True,  # a Ctrl-C at the terminal is the scheduler's alone
                )
        except BaseException:
            self._requests.close()
            self._replies.close()
            raise
        finally:
            os.close(request)
            os.close(reply)

    def run(self, job: Job, notify: Notify) -> Reply:
        """Have the worker run a job; a worker that ends without an answer gives the reply ``died``."""
        try:
            _write(self._requests, job)
            for line in self._replies:
                message = json.loads(line)
                if message["what"] == "reply":
                    self.warm = True
                    return Reply.from_json(message["values"])
                notify(Note(message["what"], message["values"]))
        except (OSError, ValueError):
            pass  # the pipe broke, or closed in the middle of a line: the worker is gone, which is told below
        # Its guardian is about to end as it did; closing the request pipe now would make it end otherwise.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)
        return Reply("died", host=socket.gethostname(), pid=self._process.pid, message=self.close())

    def close(self) -> str:
        """End the worker and all that it started, and say how it ended; from any thread, also twice."""
        self._requests.close()
        try:
            code = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            code = self._process.wait()
        self._replies.close()
        if code < 0:
            end_marked(self._mark)  # its guardian was killed, perhaps before it had ended what the worker had started
            with contextlib.suppress(ValueError):
                return f"was killed by {signal.Signals(-code).name}"
            return f"was killed by signal {-code}"
        return f"exited with status {code}"


def _write(pipe: IO[bytes], job: Job) -> None:
    data = memoryview(json.dumps(job.as_json()).encode() + b"\n")
    while data:
        data = data[pipe.write(data) :]


class WorkerPool:
    """Warm workers of one machine.

    Args:
        limit: how many jobs run at once at most; twice as many processes are kept, so that stages that need
            Keras and stages that do not can take turns without a start in between.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._idle: list[Launcher] = []
        self._busy: set[Launcher] = set()
        self._closed = False

    def run(self, job: Job, notify: Notify = ignore) -> Reply:
        """Run a job in a worker of its kind, a warm one where there is one."""
        while True:
            launcher = self._take(job)
            was_warm = launcher.warm
            reply = Reply("died", message="was ended")
            try:
                reply = launcher.run(job, notify)
            finally:
                self._put_back(launcher, keep=reply.outcome in ("done", "damaged") and not job.isolated)
            # A warm worker that holds code from before an edit is simply replaced.
            if not (reply.outcome == "outdated" and was_warm):
                return reply

    def close(self) -> None:
        """End all workers; jobs in hand end with the reply ``died``."""
        with self._lock:
            self._closed = True
            launchers = [*self._idle, *self._busy]
            self._idle.clear()
        closing = [threading.Thread(target=launcher.close) for launcher in launchers]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()

    def _take(self, job: Job) -> Launcher:
        with self._lock:
            if self._closed:
                raise RuntimeError("the workers were ended")
            found = next((idle for idle in self._idle if idle.kind == job.kind), None)
            surplus: list[Launcher] = []
            if found is not None:
                self._idle.remove(found)
            else:
                while self._idle and len(self._idle) + len(self._busy) >= 2 * self._limit:
                    surplus.append(self._idle.pop(0))
                found = Launcher(job.kind, Workplace(Path(job.store) / "work" / job.key).log)
            self._busy.add(found)
        for launcher in surplus:
            launcher.close()
        return found

    def _put_back(self, launcher: Launcher, keep: bool) -> None:
        with self._lock:
            self._busy.discard(launcher)
            keep = keep and not self._closed
            if keep:
                self._idle.append(launcher)
        if not keep:
            launcher.close()
