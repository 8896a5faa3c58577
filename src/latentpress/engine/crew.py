"""The crew of a build: which stages workers have in hand, what the machine has room for, what comes back."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Protocol

from latentpress.engine.executors import WorkerPool
from latentpress.engine.jobs import Job, Note, Reply
from latentpress.engine.stage import Stage

Mail = tuple[str, Note | Reply]


class Crew(Protocol):
    """Whoever runs stages: this machine's workers, or those of a cluster."""

    def __len__(self) -> int:
        """How many stages are in hand."""

    def expects_mail(self) -> bool:
        """Whether there is something to wait for."""

    def full(self) -> bool:
        """Whether no other stage can be taken."""

    def fits(self, stage: Stage) -> bool:
        """Whether there is room for a stage."""

    def submit(self, stage: Stage, job: Job) -> None:
        """Have a worker run the job."""

    def wake(self) -> None:
        """Make a waiting `mail` return; may be called from a signal handler."""

    def mail(self, timeout: float | None) -> Mail | None:
        """What a worker says next, with the stage's name; None after the timeout or when woken."""

    def end(self) -> Mapping[str, Reply]:
        """End all workers; the replies that had come in and were not read yet, by stage."""


class LocalCrew:
    """Workers within the limits of the machine; what they say is read by one thread.

    Args:
        workers: how many stages run side by side.
        cores: how many threads they have together.
        memory_mb: how much memory they declare together; None for what the machine has.
    """

    def __init__(self, workers: int, cores: int | None, memory_mb: int | None) -> None:
        self.workers = max(1, workers)
        self.cores = cores or os.cpu_count() or 1
        self.memory_mb = memory_mb or _machine_memory_mb()
        self._running: dict[str, tuple[Stage, Future[Reply]]] = {}
        # Put to by launcher threads and by a signal handler, which a SimpleQueue bears.
        self._mail: queue.SimpleQueue[tuple[str, Note | Future[Reply]] | None] = queue.SimpleQueue()
        self._pool = WorkerPool(self.workers)
        self._executor: Executor = ThreadPoolExecutor(self.workers, thread_name_prefix="launcher")

    def __len__(self) -> int:
        """How many stages are in hand."""
        return len(self._running)

    def expects_mail(self) -> bool:
        """Whether a worker will say something."""
        return bool(self._running)

    def full(self) -> bool:
        """Whether every worker has a stage."""
        return len(self) >= self.workers

    def fits(self, stage: Stage) -> bool:
        """Whether there is room for a stage; one that declares more than the machine has runs alone."""
        running = [other for other, _ in self._running.values()]
        threads = sum(other.threads for other in running) + stage.threads
        memory = sum(other.memory_mb for other in running) + stage.memory_mb
        return not running or (threads <= self.cores and memory <= self.memory_mb)

    def submit(self, stage: Stage, job: Job) -> None:
        """Have a worker run the job."""
        future = self._executor.submit(self._pool.run, job, partial(self._post, stage.name))
        self._running[stage.name] = stage, future
        future.add_done_callback(partial(self._post, stage.name))

    def _post(self, name: str, content: Note | Future[Reply]) -> None:
        self._mail.put((name, content))

    def wake(self) -> None:
        """Make a waiting `mail` return; may be called from a signal handler."""
        self._mail.put(None)

    def mail(self, timeout: float | None) -> Mail | None:
        """What a worker says next, with the stage's name; None after the timeout or when woken.

        Raises:
            StoreError: a worker could not be started for want of space or permission.
        """
        try:
            mail = self._mail.get(timeout=timeout)
        except queue.Empty:
            return None
        if mail is None:
            return None
        name, content = mail
        if isinstance(content, Note):
            return name, content
        del self._running[name]
        return name, content.result()

    def end(self) -> Mapping[str, Reply]:
        """End all workers at once, and all that they started.

        Returns:
            The replies that had come in and were not read yet, by stage.
        """
        self._pool.close()
        self._executor.shutdown(wait=True, cancel_futures=True)
        replies = dict(self._unread())
        self._running.clear()
        return replies

    def _unread(self) -> Iterator[tuple[str, Reply]]:
        for name, (_, future) in self._running.items():
            if not future.cancelled() and future.exception() is None:
                yield name, future.result()


def _machine_memory_mb() -> int:
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**2)
