"""Hiring a crew; its modules are loaded only once there is work, since most builds have none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from latentpress.engine import events
from latentpress.engine.jobs import JobSite
from latentpress.engine.state import BuildState
from latentpress.engine.store import writing

if TYPE_CHECKING:
    from latentpress.engine.crew import Crew
    from latentpress.engine.mirror import Mirror
    from latentpress.engine.requirements import Requirements


def hire_here(workers: int, cores: int, memory_mb: int | None) -> Crew:
    """Workers of this machine; see `LocalCrew`. What killed builds left running here is ended first."""
    from latentpress.engine.crew import LocalCrew
    from latentpress.engine.orphans import end_orphans

    end_orphans()
    return LocalCrew(workers, cores, memory_mb)


def hire_cluster(
    client: Any,
    limit: int | None,
    state: BuildState,
    site: JobSite,
    tell: Callable[[events.Event], None],
    mirror: Mirror | None,
    held: ExitStack,
) -> Crew:
    """Workers of a Dask cluster; see `ClusterCrew`.

    Args:
        client: connected to the cluster's scheduler.
        limit: how many stages run at once; None for as many as the cluster has room for.
        state: the build's nodes; a worker has to have what they need.
        site: what all jobs share.
        tell: is given events.
        mirror: shares results with workers that do not share the store's disk.
        held: holds the token by which workers know the store, until the crew is ended.

    Raises:
        StoreError: the store cannot be written.
    """
    from latentpress.engine.cluster import ClusterCrew
    from latentpress.engine.requirements import collect, held_token

    with writing(state.store.root):
        token = held.enter_context(held_token(state.store.root))

    def requirements() -> Requirements:
        state.fingerprinter.reread()
        return collect(state.graph.stages.values(), state.fingerprinter, site, str(token))

    return ClusterCrew(client, requirements, state.store, tell, limit, mirror)
