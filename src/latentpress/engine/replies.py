"""What follows from what workers say: a result is kept, a failure told, a dead worker's stage tried again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from latentpress.engine import events
from latentpress.engine.jobs import Note, Reply
from latentpress.engine.outcome import Outcome
from latentpress.engine.recorder import Recorder
from latentpress.engine.results import Results
from latentpress.engine.stage import Failure
from latentpress.engine.state import BuildState, Status
from latentpress.errors import StoreError

ATTEMPTS = 3
# A stage whose sources are edited again and again while it runs is given up in the end.
_ROUNDS = 10
# So is one that finds its inputs damaged again and again, though they are made anew each time.
_DAMAGES = 3


class ReplyHandler:
    """Brings a build's nodes forward by what workers say.

    Args:
        state: the nodes.
        results: keeps what was made.
        recorder: writes down how each attempt began and ended.
        outcome: what ran, and what ran again, is added to it.
        tell: is given events.
        submit: gives a stage to a worker once more.
    """

    def __init__(
        self,
        state: BuildState,
        results: Results,
        recorder: Recorder,
        outcome: Outcome,
        tell: Callable[[events.Event], None],
        submit: Callable[[str], None],
    ) -> None:
        self._state = state
        self._results = results
        self._recorder = recorder
        self._outcome = outcome
        self._tell = tell
        self._submit = submit
        self._rounds: dict[str, int] = {}
        self._damages: Counter[tuple[str, str]] = Counter()

    def heed(self, name: str, note: Note) -> None:
        """Pass on what a worker tells while it runs a stage."""
        if note.what == "started":
            node = self._state.nodes[name]
            self._recorder.stage_start(node, note)
            self._tell(events.StageStarted(name, note.values["pid"], note.values["host"], node.attempts))
        else:
            self._tell(events.StageProgress(name, note.values))

    def handle(self, name: str, reply: Reply) -> None:
        """Do what the end of an attempt asks for.

        Raises:
            StoreError: the store cannot be written, here or where the worker runs.
        """
        answers = {
            "done": self._done,
            "failed": self._did_fail,
            "damaged": self._found_damage,
            "outdated": self._outdated,
            "store": self._refused,
            "died": self._died,
        }
        self._recorder.stage_end(self._state.nodes[name], reply)
        answers[reply.outcome](name, reply)

    def keep(self, name: str, reply: Reply) -> None:
        """Keep a result that came in when the build was ending already; an outdated one is dropped."""
        if reply.outcome == "done" and not self._state.changed(name, written=True):
            self._recorder.stage_end(self._state.nodes[name], reply)
            self._results.commit(name, reply)
            self._outcome.ran.append(name)

    def gone_stale(self, name: str, changed: list[str]) -> None:
        """Have a stage run again, since what it depends on was edited meanwhile.

        Args:
            name: the stage.
            changed: what was edited, as the parts of its fingerprint are named.
        """
        self._results.unlock(name)
        node = self._state.nodes[name]
        self._rounds[name] = self._rounds.get(name, 0) + 1
        if self._rounds[name] > _ROUNDS:
            text = f"it ran {_ROUNDS} times, and each time there changed meanwhile: {', '.join(changed)}"
            self._state.fail(name, Failure(name, "StageError", text))
            return
        if name not in self._outcome.stale:
            self._outcome.stale.append(name)
        self._tell(events.SourceChanged(name, tuple(changed)))
        node.status = Status.WAITING
        self._state.reset([name])

    def _done(self, name: str, reply: Reply) -> None:
        if self._changed_meanwhile(name):
            return
        previous = self._results.commit(name, reply)
        if name not in self._outcome.ran:
            self._outcome.ran.append(name)
        if not self._state.inputs_as_launched(name):
            # An input was found damaged and came out otherwise; the record is right, but for other inputs.
            self._state.nodes[name].status = Status.WAITING
            self._state.reset([name])
            return
        self._state.finish(name, reply.artifact)
        self._tell(events.StageFinished(name, reply.artifact, reply.seconds, reply.peak_memory_mb, previous))

    def _did_fail(self, name: str, reply: Reply) -> None:
        if self._changed_meanwhile(name):
            return
        assert reply.failure is not None
        key = self._state.nodes[name].key
        self._results.unlock(name)
        self._state.fail(name, reply.failure, self._state.store.workplace(key).log)

    def _found_damage(self, name: str, reply: Reply) -> None:
        self._results.unlock(name)
        node = self._state.nodes[name]
        assert node.fingerprint is not None
        labels = [label for label, digest in node.fingerprint.components["inputs"].items() if digest == reply.artifact]
        which = (name, min(labels, default=""))
        self._damages[which] += 1
        if self._damages[which] > _DAMAGES:
            text = (
                f"again and again it found {reply.file} of its input {which[1]!r} missing or altered, though that was "
                "made anew each time\nPerhaps the stage itself writes there, which it must not; or the disk is failing."
            )
            self._state.fail(name, Failure(name, "StageError", text), self._state.store.workplace(node.key).log)
            return
        node.status = Status.WAITING
        self._results.discard_damaged(reply.artifact, reply.file)
        self._state.reset([name])

    def _outdated(self, name: str, reply: Reply) -> None:
        self._state.fingerprinter.reread()
        self.gone_stale(name, self._state.changed(name) or ["source"])

    def _changed_meanwhile(self, name: str) -> bool:
        """Whether what the stage depends on was edited while it ran; its result is then not recorded."""
        self._state.fingerprinter.reread()
        changed = self._state.changed(name, written=True)
        if changed:
            self.gone_stale(name, changed)
        return bool(changed)

    def _refused(self, name: str, reply: Reply) -> None:
        raise StoreError(reply.message, reply.hint)

    def _died(self, name: str, reply: Reply) -> None:
        node = self._state.nodes[name]
        if node.attempts < ATTEMPTS:
            self._tell(events.StageRetried(name, node.attempts + 1, reply.message))
            self._submit(name)
            return
        lines = [f"its worker {reply.message}, {ATTEMPTS} times in a row"]
        if "SIGKILL" in reply.message:
            lines.append(f"The usual cause is too little memory: the stage declares {node.stage.memory_mb} MB.")
        log = self._state.store.workplace(node.key).log
        self._results.unlock(name)
        self._state.fail(name, Failure(name, "StageError", "\n".join(lines)), log)
