"""Takes a job to the Dask worker that was chosen for it, and brings the result back."""

from __future__ import annotations

from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

from latentpress.engine import remote
from latentpress.engine.dask_workers import Attempt
from latentpress.engine.jobs import Job, Reply
from latentpress.engine.mirror import Mirror, MirrorDamageError
from latentpress.engine.store import DamagedArtifactError, Store
from latentpress.errors import MirrorError, StoreError


class Carrier:
    """One build's way to its workers.

    Args:
        build: names the build.
        executor: Dask's, with the interface of `concurrent.futures`.
        store: the build's store.
        mirror: through which artifacts and files travel; None where the store is on a common file system.
    """

    def __init__(self, build: str, executor: Any, store: Store, mirror: Mirror | None) -> None:
        self._build = build
        self._executor = executor
        self._store = store
        self._mirror = mirror

    def carry(self, attempt: Attempt) -> Reply:
        """Take a job to its worker and bring the result back; runs in a thread of its own."""
        try:
            self._send_inputs(attempt.job)
            ticket = remote.Ticket(
                self._build, attempt.token, attempt.folders(), "" if self._mirror is None else self._mirror.url
            )
            future = self._executor.submit(
                remote.perform,
                attempt.job.as_json(),
                ticket,
                workers=[attempt.worker],
                allow_other_workers=False,
                key=f"{attempt.stage.name}-{attempt.token}",
            )
            attempt.watch(future)
            values, log = future.result()
            reply = Reply.from_json(values)
            if self._mirror is not None:
                self._bring_back(attempt.job, reply, log)
            return reply
        except DamagedArtifactError as error:
            return Reply("damaged", artifact=error.artifact, file=error.file)
        except MirrorDamageError as error:
            return Reply("died", message=f"was stopped: {error.message}")
        except (MirrorError, StoreError) as error:
            return Reply("store", message=error.message, hint=error.hint)
        except CancelledError:
            return Reply("died", message=attempt.lost or "was given up by Dask")
        except Exception as error:  # whatever Dask and the network throw costs a retry
            return Reply("died", message=f"was lost: {type(error).__name__}: {error}")

    def _send_inputs(self, job: Job) -> None:
        if self._mirror is not None:
            for digest in set(job.inputs.values()):
                self._mirror.push_artifact(self._store.artifact(digest))
            for label, path in job.files.items():
                self._mirror.push_file(Path(path), job.contents[label])

    def _bring_back(self, job: Job, reply: Reply, log: str) -> None:
        assert self._mirror is not None
        place = self._store.workplace(job.key)
        if log:
            place.log.write_text(log, encoding="utf-8")
        if reply.outcome == "done" and not self._mirror.pull_artifact(reply.artifact, place.result):
            raise MirrorDamageError(f"the mirror {self._mirror.url} lacks artifact {reply.artifact[:12]}")
        if reply.outcome == "died":
            self._mirror.distrust()
