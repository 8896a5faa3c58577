"""The graph of stages: checked once, then asked for order, need and urgency."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from latentpress.engine.stage import Stage
from latentpress.errors import StageError, UsageError


class Graph:
    """Stages by name, in an order in which every stage comes after its inputs.

    Args:
        stages: the stages, in any order.
        keep: names of the targets; stages that none of them needs are left out. None keeps all.

    Raises:
        StageError: two stages of one name, an input that no stage makes, a circle.
        UsageError: a target that is no stage.
    """

    def __init__(self, stages: Iterable[Stage], keep: Collection[str] | None = None) -> None:
        known: dict[str, Stage] = {}
        for stage in stages:
            if stage.name in known:
                raise StageError(f"two stages are named {stage.name}")
            known[stage.name] = stage
        for target in keep or ():
            if target not in known:
                raise UsageError(f"there is no stage {target!r}", f"The stages are: {', '.join(known)}.")
        self.stages = _ordered(known, list(known) if keep is None else sorted(keep))
        self.consumers: dict[str, list[str]] = {name: [] for name in self.stages}
        for name, stage in self.stages.items():
            for source in dict.fromkeys(stage.inputs.values()):
                self.consumers[source].append(name)
        self.urgency = self._urgency()

    def above(self, name: str) -> list[str]:
        """All stages that a stage depends on, directly or not, in the graph's order."""
        found: set[str] = set()
        waiting = [*self.stages[name].inputs.values()]
        while waiting:
            source = waiting.pop()
            if source not in found:
                found.add(source)
                waiting += self.stages[source].inputs.values()
        return [source for source in self.stages if source in found]

    def below(self, names: Iterable[str]) -> set[str]:
        """All stages that depend on any of the names, directly or not."""
        found: set[str] = set()
        waiting = [consumer for name in names for consumer in self.consumers[name]]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.consumers[name]
        return found

    def _urgency(self) -> dict[str, float]:
        """Seconds from the start of each stage to the end of the longest chain that it begins."""
        urgency: dict[str, float] = {}
        for name in reversed(self.stages):
            after = max((urgency[consumer] for consumer in self.consumers[name]), default=0.0)
            urgency[name] = self.stages[name].seconds + after
        return urgency

    def estimate(self, names: Collection[str], workers: int, cores: int) -> float:
        """About how many seconds the named stages take: the longest chain, or all the work shared out."""
        chain: dict[str, float] = {}
        work = 0.0
        for name in self.stages:
            if name in names:
                stage = self.stages[name]
                before = max((chain.get(source, 0.0) for source in stage.inputs.values()), default=0.0)
                chain[name] = before + stage.seconds
                work += stage.seconds * min(1.0, max(stage.threads / max(cores, 1), 1 / max(workers, 1)))
        return max(max(chain.values(), default=0.0), work)


def _ordered(known: Mapping[str, Stage], targets: Iterable[str]) -> dict[str, Stage]:
    """Depth first without recursion: a chain may be longer than Python's stack."""
    ordered: dict[str, Stage] = {}
    for target in targets:
        path: dict[str, None] = {}
        waiting = [target]
        while waiting:
            name = waiting[-1]
            if name in ordered:
                waiting.pop()
                continue
            path[name] = None
            missing = []
            for label, source in known[name].inputs.items():
                if source not in known:
                    raise StageError(f"stage {name} reads {source!r} ({label}), which no stage makes")
                if source not in ordered:
                    missing.append(source)
            if not missing:
                ordered[name] = known[name]
                path.pop(name)
                waiting.pop()
                continue
            for source in missing:
                if source in path:
                    circle = [*path][[*path].index(source) :]
                    raise StageError(f"the stages form a circle: {' → '.join([*circle, source])}")
            waiting += missing
    return ordered
