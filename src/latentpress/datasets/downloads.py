"""Downloading the real data sets, with pooch, into a cache of our own; quick to give up where there is no network."""

from __future__ import annotations

import hashlib
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from latentpress.datasets.files import FREY_FILE_SHA256, FREY_FRAMES, FREY_NAME, MNIST_ARCHIVE

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
PROGRESS_SECONDS = 2.0
CHUNK = 1 << 16

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Remote:
    """One published file: its name, and SHA-256 of its bytes as they are served."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Mirror:
    """One place that serves a whole data set: label to file, all under one address."""

    address: str
    files: Mapping[str, Remote]

    @property
    def host(self) -> str:
        """The host's name."""
        return urlsplit(self.address).hostname or ""


MNIST_ARCHIVE_FILE = {
    MNIST_ARCHIVE: Remote("mnist.npz", "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1")
}
MNIST_IDX_FILES = {
    "train_images": Remote(
        "train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train_labels": Remote(
        "train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "test_images": Remote(
        "t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "test_labels": Remote(
        "t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}
FREY_FILE = {FREY_FRAMES: Remote(FREY_NAME, FREY_FILE_SHA256)}

MIRRORS = {
    "mnist": (
        Mirror("https://storage.googleapis.com/tensorflow/tf-keras-datasets/", MNIST_ARCHIVE_FILE),
        Mirror("https://ossci-datasets.s3.amazonaws.com/mnist/", MNIST_IDX_FILES),
        Mirror("https://storage.googleapis.com/cvdf-datasets/mnist/", MNIST_IDX_FILES),
    ),
    "frey": (
        Mirror("https://cs.nyu.edu/home/people/in_memoriam/roweis/data/", FREY_FILE),
        Mirror("https://cs.nyu.edu/~roweis/data/", FREY_FILE),
        Mirror("https://web.archive.org/web/2020id_/https://cs.nyu.edu/~roweis/data/", FREY_FILE),
    ),
}


def cached(folder: Path, files: Mapping[str, Remote]) -> dict[str, Path]:
    """The files of a mirror that lie whole and unaltered in a folder, by label; empty unless all do."""
    found = {label: folder / remote.name for label, remote in files.items()}
    if all(is_published(found[label], remote) for label, remote in files.items()):
        return found
    return {}


def is_published(path: Path, remote: Remote) -> bool:
    """Whether a file is there and has the bytes of the published one."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == remote.sha256


@dataclass(slots=True)
class Network:
    """Which hosts answer; asked once in a process, all at the same time.

    Attributes:
        failures: host to why it does not answer, or None where it does.
    """

    failures: dict[str, str | None] = field(default_factory=dict)

    def probe(self, hosts: Iterable[str]) -> None:
        """Open a connection to every host that was not asked before, for at most `CONNECT_SECONDS` in all."""
        unknown = [host for host in dict.fromkeys(hosts) if host not in self.failures]
        answers: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()
        for host in unknown:
            # Names are resolved without a time limit, so this is left to threads that need not be waited for.
            threading.Thread(target=lambda name=host: answers.put((name, _connect(name))), daemon=True).start()
        self.failures.update(dict.fromkeys(unknown, f"no answer within {CONNECT_SECONDS:g} s"))
        deadline = time.monotonic() + CONNECT_SECONDS
        for _ in unknown:
            try:
                host, failure = answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return
            self.failures[host] = failure

    def give_up(self, reason: str) -> None:
        """Hold every host for unreachable from now on."""
        self.failures.update({host: failure or reason for host, failure in self.failures.items()})


def _connect(host: str) -> str | None:
    """Why a connection to a host, or to the proxy before it, cannot be opened; None when it can."""
    name, port = _endpoint(host)
    try:
        # A host has several addresses, and each is tried for this long.
        socket.create_connection((name, port), timeout=CONNECT_SECONDS / 2).close()
    except socket.gaierror:
        return f"the name {name} does not resolve"
    except (OSError, UnicodeError) as error:
        return f"no connection to {name}: {error}"
    return None


def _endpoint(host: str) -> tuple[str, int]:
    """Where a connection to a host begins: at the proxy that the environment names, or at the host."""
    import urllib.request  # with all of HTTP and TLS behind it, which a build that downloads nothing need not load

    proxies = urllib.request.getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(host):
        return host, 443
    parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    return parts.hostname or host, parts.port or 443


@dataclass(slots=True)
class Progress:
    """What pooch calls while it downloads: says every few seconds how far it is."""

    announce: Announce
    total: int = 0
    received: int = 0
    said: float = field(default_factory=time.monotonic)

    def update(self, size: int) -> None:
        """Count bytes that came in."""
        self.received += size
        if time.monotonic() - self.said >= PROGRESS_SECONDS:
            self.said = time.monotonic()
            total = f" of {self.total / 1e6:.1f}" if self.total else ""
            self.announce(f"  {min(self.received, self.total or self.received) / 1e6:.1f}{total} MB")

    def reset(self) -> None:
        """Begin again: pooch does so before it reports the total at the end."""
        self.received = 0

    def close(self) -> None:
        """Nothing to put away."""


def download(
    mirrors: Iterable[Mirror], folder: Path, network: Network, announce: Announce, every: Iterable[str] = ()
) -> tuple[dict[str, Path], list[str]]:
    """Download from the first mirror that delivers what was published.

    Args:
        mirrors: where to look, in order.
        folder: where to put the files; made when needed.
        network: what is known of the hosts.
        announce: prints one line.
        every: hosts to ask together with those of the mirrors, so that a second data set need not wait again.

    Returns:
        The files by label, empty when no mirror delivered; and why each mirror that was tried did not.
    """
    mirrors = list(mirrors)
    hosts = list(dict.fromkeys(mirror.host for mirror in mirrors))
    network.probe([*hosts, *every])
    if all(network.failures[host] for host in hosts):
        reasons = dict.fromkeys(str(network.failures[host]) for host in hosts)
        return {}, [f"download from {', '.join(hosts)}: {'; '.join(reasons)}"]
    failures: list[str] = []
    for mirror in mirrors:
        failure = network.failures[mirror.host]
        if failure is None:
            announce(f"Downloading {', '.join(remote.name for remote in mirror.files.values())} from {mirror.host}")
            failure = _retrieve(mirror, folder, network, announce)
        if failure is None:
            return {label: folder / remote.name for label, remote in mirror.files.items()}, failures
        failures.append(f"download from {mirror.address}: {failure}")
    return {}, failures


def _retrieve(mirror: Mirror, folder: Path, network: Network, announce: Announce) -> str | None:
    """Download a mirror's files; why that failed, or None."""
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)  # this module says itself what it does
    progress = Progress(announce)
    for remote in mirror.files.values():
        started, progress.received = time.monotonic(), 0
        downloader = pooch.HTTPDownloader(
            progressbar=progress,
            chunk_size=CHUNK,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            headers={"Accept-Encoding": "identity"},  # else the checksum may be of other bytes than were published
        )
        try:
            pooch.retrieve(
                mirror.address + remote.name,
                known_hash=remote.sha256,
                fname=remote.name,
                path=folder,
                downloader=downloader,
            )
        except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong checksum is a ValueError
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            if not progress.received and time.monotonic() - started >= CONNECT_SECONDS:
                network.give_up(f"not tried, since {mirror.host} let the connection time out")
            return reason
    return None
