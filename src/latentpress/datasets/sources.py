"""Where the data come from: found on this machine, downloaded, or embedded. Imports nothing heavy.

The order of the search: ``--data-dir`` or ``LATENTPRESS_DATA``; the cache of Keras; the cache of earlier downloads;
a download; and last the embedded data. What the user names must be right: a damaged file there is an error. What
merely lies in a cache is passed over when it is not the published file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from latentpress.datasets import downloads, files
from latentpress.datasets.downloads import Announce, Network
from latentpress.datasets.settings import DATA_SETS, FILES_OF
from latentpress.errors import DataError, SettingsError

VARIABLE = "LATENTPRESS_DATA"
TITLES = {"mnist": "MNIST", "frey": "the Frey faces"}
"""Of the data sets that have files of their own."""
SUBSTITUTES = {"mnist": "the handwritten digits of scikit-learn", "frey": "drawn faces"}

Mode = Literal["auto", "real", "embedded"]

NETWORK = Network()
"""What this process knows of the network, so that the second data set need not wait for the same time limits."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a data set comes from.

    Attributes:
        source: ``"real"`` or ``"embedded"``.
        files: label to file; empty for embedded data.
        tried: where real data were looked for in vain, a line each.
    """

    source: Literal["real", "embedded"]
    files: dict[str, Path] = field(default_factory=dict)
    tried: list[str] = field(default_factory=list)


def locate(
    data: str,
    mode: Mode,
    data_dir: Path | None,
    environ: Mapping[str, str],
    download: bool,
    announce: Announce,
    network: Network = NETWORK,
) -> Located:
    """Find the files of a data set, checking presence, size and headers; the content is checked when it is read.

    Args:
        data: one of `latentpress.datasets.settings.DATA_SETS`.
        mode: ``"auto"`` falls back to the embedded data and says so, ``"real"`` fails instead,
            ``"embedded"`` searches nothing.
        data_dir: the folder that the user named, or None.
        environ: the environment's variables.
        download: whether the network may be used.
        announce: prints one line.
        network: what is known of the network.

    Raises:
        DataError: the folder that the user named does not exist or holds a damaged file; or the mode is ``"real"``
            and the data were not found.
        SettingsError: there is no such data set.
    """
    if data not in DATA_SETS:
        raise SettingsError(f'unknown data set "{data}"; expected one of {", ".join(DATA_SETS)}')
    data = FILES_OF.get(data, data)
    if mode == "embedded":
        return Located("embedded")
    tried: list[str] = []
    found = (
        _in_named_folder(data, data_dir, environ, tried)
        or _in_keras_cache(data, environ, tried)
        or _in_own_cache(data, environ, tried)
        or _from_network(data, environ, download, announce, network, tried)
    )
    if found:
        return Located("real", found, tried)
    if mode == "real":
        raise DataError(
            "\n".join([f"the real data of {TITLES[data]} were not found:", *(f"  - {line}" for line in tried)]),
            files.SUPPLY[data],
        )
    announce(f"{TITLES[data]}: no real data found; {SUBSTITUTES[data]} take their place. Looked for in vain:")
    for line in tried:
        announce(f"  - {line}")
    announce(f"  {files.SUPPLY[data].removesuffix('; or use --data embedded.')}.")
    return Located("embedded", {}, tried)


def _in_named_folder(data: str, data_dir: Path | None, environ: Mapping[str, str], tried: list[str]) -> dict[str, Path]:
    """What ``--data-dir``, or else the variable, leads to."""
    variable = environ.get(VARIABLE, "").strip()
    if data_dir is None and not variable:
        tried.append(f"no --data-dir is given and {VARIABLE} is not set")
        return {}
    option = f"{VARIABLE}={variable}" if data_dir is None else f"--data-dir {data_dir}"
    folder = Path(variable if data_dir is None else data_dir).expanduser().absolute()
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing there"
        raise DataError(
            f"{option}: found {found}, expected a folder with the data",
            f"Mend the path, or leave it out to search and download. {files.SUPPLY[data]}",
        )
    try:
        found_files = files.find(data, folder)
    except OSError as error:
        raise DataError(f"{option}: cannot be searched: {error}", files.SUPPLY[data]) from None
    if not found_files:
        tried.append(f"{option}: no files of {TITLES[data]} in it")
        return {}
    files.inspect(data, found_files)
    return found_files


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def keras_cache(environ: Mapping[str, str]) -> Path:
    """Where Keras puts the data sets that it downloads."""
    named = environ.get("KERAS_HOME")
    return (Path(named) if named else _home(environ) / ".keras") / "datasets"


def own_cache(environ: Mapping[str, str]) -> Path:
    """Where LatentPress puts what it downloads."""
    named = environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else _home(environ) / ".cache") / "latentpress"


def _in_keras_cache(data: str, environ: Mapping[str, str], tried: list[str]) -> dict[str, Path]:
    if data != "mnist":
        return {}
    return _in_cache(keras_cache(environ), downloads.MNIST_ARCHIVE_FILE, tried)


def _in_own_cache(data: str, environ: Mapping[str, str], tried: list[str]) -> dict[str, Path]:
    folder = own_cache(environ) / data
    for mirror in downloads.MIRRORS[data]:
        found = _in_cache(folder, mirror.files, [])
        if found:
            return found
    tried.append(f"{folder}: no earlier download")
    return {}


def _in_cache(folder: Path, wanted: Mapping[str, downloads.Remote], tried: list[str]) -> dict[str, Path]:
    names = " and ".join(remote.name for remote in wanted.values())
    try:
        found = downloads.cached(folder, wanted)
        present = all((folder / remote.name).exists() for remote in wanted.values())
    except OSError as error:
        tried.append(f"{folder}: cannot be searched: {error}")
        return {}
    if not found:
        tried.append(f"{folder}: {names} {'differs from the published file' if present else 'is not there'}")
    return found


def _from_network(
    data: str,
    environ: Mapping[str, str],
    allowed: bool,
    announce: Announce,
    network: Network,
    tried: list[str],
) -> dict[str, Path]:
    if not allowed:
        tried.append("downloading is switched off")
        return {}
    every = [mirror.host for mirrors in downloads.MIRRORS.values() for mirror in mirrors]
    found, failures = downloads.download(downloads.MIRRORS[data], own_cache(environ) / data, network, announce, every)
    tried.extend(failures)
    return found
