"""What a build came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from latentpress.engine.stage import Failure, Provenance
from latentpress.engine.state import BuildState, Status
from latentpress.engine.store import Artifact


@dataclass(slots=True)
class Outcome:
    """What a build came to.

    Attributes:
        artifacts: stage name to artifact, of every stage that is up to date now.
        failures: stage name to failure, of the stages that failed themselves.
        skipped: stage name to the failure above it that kept it from running.
        logs: stage name to log, of failed stages that got as far as writing one.
        provenance: stage name to where its artifact came from.
        ran: stages that were run, in the order in which they finished.
        reused: how many were not.
        stale: stages that ran again since something they depend on was edited meanwhile.
    """

    artifacts: dict[str, Artifact] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    skipped: dict[str, Failure] = field(default_factory=dict)
    logs: dict[str, Path] = field(default_factory=dict)
    provenance: dict[str, Provenance] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    reused: int = 0
    stale: list[str] = field(default_factory=list)

    def take_from(self, state: BuildState) -> Outcome:
        """Fill in what the nodes of a build have come to."""
        for name, node in state.nodes.items():
            if node.status is Status.DONE:
                self.artifacts[name] = state.store.artifact(node.artifact)
                self.provenance[name] = node.provenance()
            elif node.status is Status.FAILED and node.failure is not None:
                self.failures[name] = node.failure
                if node.log is not None:
                    self.logs[name] = node.log
            elif node.status is Status.SKIPPED and node.failure is not None:
                self.skipped[name] = node.failure
        self.reused = len(set(self.artifacts) - set(self.ran))
        return self
