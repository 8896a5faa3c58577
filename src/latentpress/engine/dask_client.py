"""The connection to a Dask scheduler."""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from latentpress.errors import UsageError

# How long a scheduler may take to answer, and to take leave, in seconds.
_CONNECTING = 8
_ENDING = 5.0


@contextlib.contextmanager
def connect(address: str) -> Iterator[Any]:
    """A client of the Dask scheduler at an address.

    Raises:
        UsageError: ``distributed`` is missing, the address is none, or no scheduler answers there.
    """
    try:
        import dask

        # Dask's own complaints about connections would stand between our lines; what matters is told by us.
        dask.config.set({"logging": {"distributed": "critical", "distributed.client": "critical"}})
        from distributed import Client

        asyncio.run(asyncio.wait_for(_identify(address), _CONNECTING))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other versions among the workers are told when those are examined
            client = Client(address, timeout=_CONNECTING, set_as_default=False)
    except ImportError:
        raise UsageError(
            "--scheduler needs the package distributed, which is not installed",
            'Install it: pip install "latentpress[cluster]".',
        ) from None
    except Exception as error:  # another program's answer is read as sizes and numbers, and may end in any of them
        raise UsageError(
            f"no Dask scheduler answers at {address}: {str(error) or type(error).__name__}",
            "Expected an address such as tcp://HOST:8786; `dask scheduler` prints it when it starts.",
        ) from None
    try:
        yield client
    finally:
        client.close(timeout=_ENDING)


async def _identify(address: str) -> None:
    """Ask who is there: a client would wait without end for a server that takes connections and says nothing."""
    from distributed.comm import connect as open_connection

    channel = await open_connection(address, timeout=_CONNECTING)
    try:
        await channel.write({"op": "identity", "reply": True})
        found = (await channel.read()).get("type")
    finally:
        channel.abort()
    if found != "Scheduler":
        raise ValueError(f"found a {found} there")


def workers_of(client: Any) -> Mapping[str, Mapping[str, Any]]:
    """Address to what the Dask scheduler says of each worker.

    Raises:
        OSError: it no longer answers; what the client then has of it is empty.
    """
    found: Mapping[str, Mapping[str, Any]] | None = client.scheduler_info().get("workers")
    if found is None or client.status != "running":
        raise OSError(f"the connection is {client.status}")
    return found
