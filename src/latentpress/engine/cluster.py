"""A crew whose workers are those of a Dask cluster.

The crew itself decides which Dask worker gets which stage: it must know where an attempt runs to be sure
that it has ended before the next one begins, and it gives a worker work only after that worker has been
examined (see `latentpress.engine.requirements`). Dask carries jobs, replies and notes.
"""

from __future__ import annotations

import contextlib
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from latentpress.engine import events, remote
from latentpress.engine.carrier import Carrier
from latentpress.engine.crew import Mail
from latentpress.engine.dask_client import workers_of
from latentpress.engine.dask_workers import Attempt, DaskWorker
from latentpress.engine.jobs import Job, Note, Reply
from latentpress.engine.mirror import Mirror
from latentpress.engine.requirements import Requirements
from latentpress.engine.stage import Stage
from latentpress.engine.store import Store
from latentpress.errors import ClusterError

# How long a worker may take to examine itself, and the cluster to end what was asked for, in seconds.
_EXAMINING = 120
# How often the cluster's workers are looked at, and how often one that was found unfit is examined again.
_LOOK = 0.5
_SECOND_CHANCE = 30.0
_ENDING = 5.0
_MOST_AT_ONCE = 1024


class ClusterCrew:
    """Workers of a Dask cluster; what they say is read by one thread.

    Args:
        client: connected to the cluster's scheduler.
        requirements: gives what a worker has to meet, as of now.
        store: the build's store.
        tell: is given events.
        limit: how many stages run at once at most; None for as many as the cluster has threads for.
        mirror: through which artifacts and files travel; None where the store is on a common file system.
    """

    def __init__(
        self,
        client: Any,
        requirements: Callable[[], Requirements],
        store: Store,
        tell: Callable[[events.Event], None],
        limit: int | None = None,
        mirror: Mirror | None = None,
    ) -> None:
        self._client = client
        self._requirements = requirements
        self._tell = tell
        self._limit = limit or _MOST_AT_ONCE
        self._mirror = mirror
        self._build = secrets.token_hex(8)
        self._token = f"seen-{self._build}"
        self._address: str = client.scheduler.address
        self._carrier = Carrier(self._build, client.get_executor(pure=False, retries=0), store, mirror)
        self._carriers = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="carrier")
        self._workers: dict[str, DaskWorker] = {}
        self._running: dict[str, Attempt] = {}
        self._opening = True
        self._waiting_told = False
        # Put to by several threads and by a signal handler, which a SimpleQueue bears.
        self._mail: queue.SimpleQueue[Callable[[], Mail | None] | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        if mirror is not None:
            mirror.show(self._token)
        client.subscribe_topic(remote.topic(self._build), self._hear)
        threading.Thread(target=self._look_out, name="cluster", daemon=True).start()

    # ------------------------------------------------------------------------------- what the scheduler asks

    def __len__(self) -> int:
        """How many stages are in hand."""
        return len(self._running)

    def expects_mail(self) -> bool:
        """Whether there is something to wait for: an answer, or a worker to join."""
        return bool(self._running) or self._opening or not any(worker.fit for worker in self._workers.values())

    def full(self) -> bool:
        """Whether no worker is free."""
        free = any(worker.fit and len(worker.jobs) < worker.threads for worker in self._workers.values())
        return self._opening or not free or len(self) >= self._limit

    def fits(self, stage: Stage) -> bool:
        """Whether a worker has room for a stage; one that declares more than the worker has runs alone there."""
        return any(worker.has_room(stage) for worker in self._workers.values())

    def submit(self, stage: Stage, job: Job) -> None:
        """Have a worker run the job, as soon as one has room."""
        attempt = Attempt(stage, job, secrets.token_hex(8))
        self._running[stage.name] = attempt
        self._place(attempt)

    def wake(self) -> None:
        """Make a waiting `mail` return; may be called from a signal handler."""
        self._mail.put(None)

    def mail(self, timeout: float | None) -> Mail | None:
        """What a worker says next, with the stage's name; None after the timeout, when woken, when workers changed.

        Raises:
            ClusterError: no worker is fit for the build, or the Dask scheduler went away.
        """
        try:
            news = self._mail.get(timeout=timeout)
        except queue.Empty:
            return None
        answer = news() if news is not None else None
        for attempt in self._running.values():
            if not attempt.worker:
                self._place(attempt)
        return answer

    def end(self) -> Mapping[str, Reply]:
        """End all that was asked for, and all worker processes of this build.

        Returns:
            The replies that had come in and were not read yet, by stage.
        """
        self._ended.set()
        unread = {
            name: attempt.carrier.result()
            for name, attempt in self._running.items()
            if attempt.carrier is not None and attempt.carrier.done() and attempt.carrier.exception() is None
        }
        for attempt in self._running.values():
            attempt.cancel("was stopped")
        letting_go = threading.Thread(target=self._let_go, daemon=True)
        letting_go.start()
        letting_go.join(_ENDING)
        self._carriers.shutdown(wait=True, cancel_futures=True)
        self._running.clear()
        return unread

    def _let_go(self) -> None:
        with contextlib.suppress(Exception):  # workers that cannot be told see it themselves, see `remote.Site`
            self._client.unsubscribe_topic(remote.topic(self._build))
            self._client.run(remote.let_go, self._build, on_error="ignore")
            if self._mirror is not None:
                self._mirror.hide(self._token)

    # ------------------------------------------------------------------------------------------- the workers

    def _look_out(self) -> None:
        """Tell which workers the cluster has; runs in a thread of its own."""
        before: Mapping[str, Any] | None = None
        again = time.monotonic() + _SECOND_CHANCE
        while not self._ended.is_set():
            try:
                found = workers_of(self._client)
            except Exception as error:  # whatever it is, nobody answers any more
                self._mail.put(partial(self._lost, str(error) or type(error).__name__))
                return
            states = {address: info.get("status") for address, info in found.items()}
            if states != before or time.monotonic() > again:
                before, again = states, time.monotonic() + _SECOND_CHANCE
                self._mail.put(partial(self._update, found))
            self._ended.wait(_LOOK)

    def _lost(self, reason: str) -> None:
        raise ClusterError(
            f"the Dask scheduler at {self._address} went away ({reason})",
            "Start it again, and run the same command; finished stages are kept.",
        )

    def _update(self, found: Mapping[str, Mapping[str, Any]]) -> None:
        """Take note of workers that joined and left."""
        for address in [address for address in self._workers if address not in found]:
            del self._workers[address]
            for attempt in self._running.values():
                if attempt.worker == address:
                    attempt.cancel(f"was lost with Dask worker {address}, which left the cluster")
        unknown = []
        for address, info in found.items():
            if address not in self._workers:
                self._workers[address] = DaskWorker.of(address, info)
            worker = self._workers[address]
            worker.running = info.get("status") == "running"
            if worker.running and worker.verdict != "fit" and not worker.examining:
                unknown.append(worker)
        self._examine(unknown)
        if not found and not self._waiting_told:
            self._waiting_told = True
            self._tell(
                events.Notice(f"waiting   {self._address} has no worker; start one: dask worker {self._address}")
            )

    def _examine(self, workers: list[DaskWorker]) -> None:
        """Ask workers whether they meet the requirements as they are now; the answers come by mail."""
        if not workers:
            return
        required = self._requirements()
        mirror = "" if self._mirror is None else self._mirror.url
        if mirror:
            required = required.without_common_disk()
        for worker in workers:
            worker.examining = True
            asking = partial(self._ask, worker, required.as_json(), mirror)
            threading.Thread(target=asking, name=f"examine-{worker.address}", daemon=True).start()
            timer = threading.Timer(_EXAMINING, self._mail.put, [partial(self._too_slow, worker)])
            timer.daemon = True
            timer.start()

    def _ask(self, worker: DaskWorker, required: dict[str, Any], mirror: str) -> None:
        options: dict[str, Any] = {"workers": [worker.address], "on_error": "return"}
        try:
            answer = self._client.run(remote.examine_here, required, mirror, self._token, **options)[worker.address]
        except Exception as error:  # it left, or speaks another version of Dask
            answer = error
        self._mail.put(partial(self._examined, worker, answer))

    def _too_slow(self, worker: DaskWorker) -> None:
        if worker.examining:
            self._examined(worker, TimeoutError(f"it did not answer within {_EXAMINING} s"))

    def _examined(self, worker: DaskWorker, answer: Any) -> None:
        if self._workers.get(worker.address) is not worker or not worker.examining:
            return
        worker.examining = False
        worker.take(answer)
        if not self._opening:
            self._greet(worker)
        elif not any(other.examining for other in self._workers.values()):
            self._open()

    def _open(self) -> None:
        """All workers that were there at the start are examined: either all are fit, or no work begins."""
        faults = [line for worker in self._workers.values() for line in worker.complaints()]
        if faults:
            raise ClusterError(
                f"{self._address} has workers that cannot run this build:\n" + "\n".join(faults),
                "Mend or stop them, then run again; nothing was run.",
            )
        self._opening = False
        threads = sum(worker.threads for worker in self._workers.values())
        self._tell(events.Notice(f"cluster   {self._address}: {len(self._workers)} workers with {threads} threads"))
        for worker in self._workers.values():
            self._warn(worker)

    def _greet(self, worker: DaskWorker) -> None:
        """Say that a worker joined, or why it gets no work."""
        if worker.fit:
            self._tell(events.Notice(f"joined    Dask worker {worker.address} with {worker.threads} threads"))
            self._warn(worker)
            return
        lines = worker.complaints()
        if lines != worker.told:
            worker.told = lines
            self._tell(events.Notice("no work   for " + "\n          ".join(lines)))
        others = [other for other in self._workers.values() if other.verdict != "unfit"]
        if not others:
            raise ClusterError(
                f"{self._address} has no worker left that can run this build:\n" + "\n".join(lines),
                "Mend or replace the workers, and run the same command; finished stages are kept.",
            )

    def _warn(self, worker: DaskWorker) -> None:
        for warning in worker.warnings:
            self._tell(events.Notice(f"warning   Dask worker {worker.address}: {warning}"))

    # ---------------------------------------------------------------------------------------- jobs on the way

    def _place(self, attempt: Attempt) -> None:
        room = [worker for worker in self._workers.values() if worker.has_room(attempt.stage)]
        if not room or self._ended.is_set():
            return
        worker = max(room, key=lambda other: other.free())
        worker.jobs[attempt.stage.name] = attempt.stage
        attempt.worker = worker.address
        attempt.carrier = self._carriers.submit(self._carrier.carry, attempt)
        attempt.carrier.add_done_callback(lambda carrier: self._mail.put(partial(self._answered, attempt, carrier)))

    def _answered(self, attempt: Attempt, carrier: Future[Reply]) -> Mail | None:
        name = attempt.stage.name
        worker = self._workers.get(attempt.worker)
        if worker is not None:
            worker.jobs.pop(name, None)
        if self._running.get(name) is not attempt or carrier.cancelled():
            return None
        del self._running[name]
        reply = carrier.result()
        if reply.outcome == "outdated" and worker is not None:
            worker.verdict = "unknown"  # an edit; whether that worker sees it, too, is to be seen before it gets work
            self._examine([worker])
        return name, reply

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """Take a note that was published; runs in Dask's thread. A note that is lost is no loss."""
        token, note = remote.note_of(event[1])
        self._mail.put(partial(self._noted, token, note))

    def _noted(self, token: str, note: Note) -> Mail | None:
        return next(((name, note) for name, attempt in self._running.items() if attempt.token == token), None)
