"""What runs in the process of a Dask worker: jobs of builds that were started on another machine.

Each build has a site here: warm workers, and a thread that sees when the build no longer wants what it
asked for (it was stopped, it was killed, its scheduler went away), and ends the processes then. When this
process dies, the pipes close, and the guardians end them (see `latentpress.engine.guardian`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from latentpress.engine.executors import Notify, WorkerPool
from latentpress.engine.jobs import Job, Note, Reply
from latentpress.engine.mirror import open_mirror
from latentpress.engine.orphans import end_orphans
from latentpress.engine.outpost import Outpost
from latentpress.engine.requirements import Requirements, examine, own_path
from latentpress.errors import LatentPressError

# How often jobs are held against what Dask still wants, in seconds.
_LOOK = 0.3
# How long warm workers of a build that asks for nothing are kept; a build that ends says so, one that dies does not.
_IDLE = 120.0
# Dask keeps every event for a while; people read two lines a second at most.
_NOTE_INTERVAL = 0.5


@dataclass(frozen=True, slots=True)
class Ticket:
    """What an attempt needs to know beside the job.

    Attributes:
        build: names the build; its jobs share warm workers.
        attempt: names this attempt; notes carry it.
        folders: where the project's packages lie on the submitting machine.
        mirror: address of the mirror, or "" where the store is on a common file system.
    """

    build: str
    attempt: str
    folders: tuple[str, ...]
    mirror: str = ""


class Site:
    """One build's workers in this process.

    Args:
        limit: how many jobs run here at once.
    """

    def __init__(self, limit: int) -> None:
        end_orphans()  # of a Dask worker that was killed here
        self.pool = WorkerPool(limit)
        self._wanted: dict[str, Callable[[], bool]] = {}
        self._idle_since = time.monotonic()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="latentpress-site", daemon=True).start()

    @contextmanager
    def watching(self, attempt: str, wanted: Callable[[], bool]) -> Iterator[None]:
        """End all workers of the build as soon as ``wanted`` says no."""
        with self._lock:
            self._wanted[attempt] = wanted
        try:
            yield
        finally:
            with self._lock:
                del self._wanted[attempt]
                self._idle_since = time.monotonic()

    def _watch(self) -> None:
        while not self._closed.wait(_LOOK):
            with self._lock:
                wanted = list(self._wanted.values())
                idle = not wanted and time.monotonic() - self._idle_since > _IDLE
            if idle or not all(ask() for ask in wanted):
                self.close()

    def closed(self) -> bool:
        """Whether the workers were ended."""
        return self._closed.is_set()

    def close(self) -> None:
        """End all workers; jobs in hand end with the reply ``died``."""
        self._closed.set()
        self.pool.close()


_sites: dict[str, Site] = {}
_sites_lock = threading.Lock()


def _site(build: str, limit: int) -> Site:
    with _sites_lock:
        for name in [name for name, site in _sites.items() if site.closed()]:
            del _sites[name]
        if build not in _sites:
            _sites[build] = Site(limit)
        return _sites[build]


async def let_go(build: str) -> None:
    """End a build's workers in this process. Runs in Dask's event loop, which must not be held up."""
    with _sites_lock:
        site = _sites.pop(build, None)
    if site is not None:
        await asyncio.to_thread(site.close)


async def examine_here(required: dict[str, Any], mirror: str, token: str) -> tuple[list[str], list[str]]:
    """Hold this Dask worker against a build's requirements; see `requirements.examine`.

    Args:
        required: the requirements as plain JSON values.
        mirror: address of the mirror, or "".
        token: what the build left there.
    """
    return await asyncio.to_thread(_examine, required, mirror, token)


def _examine(required: dict[str, Any], mirror: str, token: str) -> tuple[list[str], list[str]]:
    faults, warnings = examine(Requirements.from_json(required))
    if mirror:
        try:
            if not open_mirror(mirror).shows(token):
                faults.append(f"the mirror {mirror} is another place there; give an address that all machines share")
        except LatentPressError as error:
            faults.append(f"{error.message}; {error.hint}")
    return faults, warnings


def perform(values: dict[str, Any], ticket: Ticket) -> tuple[dict[str, Any], str]:
    """Run a job in a worker process of this machine.

    Returns:
        The reply as plain JSON values, and the end of the log where the submitting machine cannot see it.
    """
    from distributed import get_worker

    worker = get_worker()
    task = worker.get_current_task()
    job = Job.from_json(values)
    site = _site(ticket.build, worker.state.nthreads)
    with site.watching(ticket.attempt, lambda: _still_wanted(worker, task)):
        try:
            kind = replace(job.kind, path=own_path(job.packages, ticket.folders))
            reply, log = _run(replace(job, kind=kind), ticket, site, _teller(worker, ticket), worker.local_directory)
        except LatentPressError as error:  # the disk or the mirror refused
            reply, log = Reply("store", message=error.message, hint=error.hint), ""
        except RuntimeError:  # the site was closed meanwhile
            reply, log = Reply("died", message="was ended"), ""
    return reply.as_json(), log


def _run(job: Job, ticket: Ticket, site: Site, notify: Notify, directory: str) -> tuple[Reply, str]:
    if not ticket.mirror:
        return site.pool.run(job, notify), ""
    outpost = Outpost(open_mirror(ticket.mirror, check=False), Path(directory))
    return outpost.run(job, lambda local: site.pool.run(local, notify))


def _still_wanted(worker: Any, task: str) -> bool:
    """Whether Dask still waits for a task that runs here; it cannot stop one itself."""
    state = worker.state.tasks.get(task)
    return (
        state is not None and state.state == "executing" and worker.status.name not in ("closing", "closed", "failed")
    )


def _teller(worker: Any, ticket: Ticket) -> Notify:
    told = [0.0]

    def tell(note: Note) -> None:
        now = time.monotonic()
        if note.what == "started" or now - told[0] >= _NOTE_INTERVAL:
            told[0] = now
            message = {"attempt": ticket.attempt, "what": note.what, "values": dict(note.values)}
            worker.log_event(topic(ticket.build), message)

    return tell


def topic(build: str) -> str:
    """Where notes of a build are published."""
    return f"latentpress-{build}"


def note_of(message: Mapping[str, Any]) -> tuple[str, Note]:
    """Attempt and note of a published message."""
    return message["attempt"], Note(message["what"], message["values"])
