from __future__ import annotations

import gzip
import hashlib
import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from latentpress.datasets import downloads, files, idx, sources
from latentpress.datasets.downloads import Mirror, Network, Remote
from latentpress.datasets.sources import Located
from latentpress.errors import DataError, SettingsError


class Search:
    """`sources.locate` in an empty home, with what it announced."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.said: list[str] = []
        self.network = Network()

    def __call__(
        self,
        data: str = "mnist",
        mode: str = "auto",
        folder: Path | None = None,
        download: bool = False,
        **variables: str,
    ) -> Located:
        environ = {"HOME": str(self.home), **variables}
        return sources.locate(data, mode, folder, environ, download, self.said.append, self.network)  # type: ignore[arg-type]


@pytest.fixture
def search(tmp_path: Path) -> Search:
    (tmp_path / "home").mkdir()
    return Search(tmp_path / "home")


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Small files stand for the published ones, so that caches and downloads can be tried without them."""
    content = b"as published"
    remote = {"archive": Remote("mnist.npz", hashlib.sha256(content).hexdigest())}
    frames = {"frames": Remote("frey_rawface.mat", hashlib.sha256(content).hexdigest())}
    monkeypatch.setattr(downloads, "MNIST_ARCHIVE_FILE", remote)
    mirrors = {"mnist": (Mirror("https://one.invalid/", remote),), "frey": (Mirror("https://two.invalid/", frames),)}
    monkeypatch.setattr(downloads, "MIRRORS", mirrors)
    return content


def test_embedded_mode_looks_nowhere(search: Search, tmp_path: Path, offline: list[str]) -> None:
    located = search(mode="embedded", folder=tmp_path / "missing", download=True)
    assert located == Located("embedded", {}, [])
    assert not offline and not search.said


def test_an_unknown_data_set_is_refused(search: Search) -> None:
    with pytest.raises(SettingsError, match='unknown data set "cifar"; expected one of mnist, colored_mnist, frey'):
        search("cifar")


def test_the_option_comes_before_the_variable(search: Search, blank_mnist: Path, tmp_path: Path) -> None:
    located = search(folder=blank_mnist, LATENTPRESS_DATA=str(tmp_path / "missing"))
    assert located.source == "real"
    assert {path.parent for path in located.files.values()} == {blank_mnist / "mnist"}


@pytest.mark.parametrize("layout", ["mnist", ".", "MNIST/raw"])
def test_files_are_found_by_the_variable_in_every_layout(search: Search, blank_mnist: Path, layout: str) -> None:
    root = blank_mnist.parent / "other"
    (root / layout).parent.mkdir(parents=True, exist_ok=True)
    (blank_mnist / "mnist").rename(root / layout)
    assert set(search(LATENTPRESS_DATA=str(root)).files) == set(files.MNIST_FILES)


def test_names_with_a_dot_and_gzipped_files_are_found(search: Search, blank_mnist: Path) -> None:
    folder = blank_mnist / "mnist"
    (folder / "train-images-idx3-ubyte").rename(folder / "train-images.idx3-ubyte")
    labels = folder / "t10k-labels-idx1-ubyte"
    (folder / "t10k-labels.idx1-ubyte.gz").write_bytes(gzip.compress(labels.read_bytes()))
    labels.unlink()
    located = search(folder=blank_mnist)
    assert located.files["train_images"].name == "train-images.idx3-ubyte"
    assert located.files["test_labels"].name == "t10k-labels.idx1-ubyte.gz"


@pytest.mark.parametrize("value", ["", "   "])
def test_an_empty_variable_counts_as_unset(search: Search, value: str) -> None:
    located = search(LATENTPRESS_DATA=value)
    assert located.source == "embedded"
    assert located.tried[0] == "no --data-dir is given and LATENTPRESS_DATA is not set"


def test_a_relative_variable_is_made_absolute(
    search: Search, blank_mnist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(blank_mnist.parent)
    assert all(path.is_absolute() for path in search(LATENTPRESS_DATA="data").files.values())


@pytest.mark.parametrize("mode", ["auto", "real"])
def test_a_named_folder_that_is_not_there_is_an_error(search: Search, tmp_path: Path, mode: str) -> None:
    with pytest.raises(DataError, match=r"--data-dir .*missing: found nothing there, expected a folder"):
        search(mode=mode, folder=tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"LATENTPRESS_DATA=.*file: found a file, expected a folder"):
        search(mode=mode, LATENTPRESS_DATA=str(tmp_path / "file"))


@pytest.mark.parametrize("mode", ["auto", "real"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected an IDX file"),
        (idx.header((10000,)) + bytes(9999), "found 10,007 bytes, expected 10,008; the file is truncated"),
        (idx.header((60000,)) + bytes(60000), "found an array of shape 60000, expected 10000"),
        (gzip.compress(idx.header((10000,)) + bytes(10000))[:-5], "truncated"),
    ],
)
def test_a_damaged_file_in_a_named_folder_is_an_error_in_every_mode(
    search: Search, blank_mnist: Path, mode: str, content: bytes, message: str
) -> None:
    path = blank_mnist / "mnist" / "t10k-labels-idx1-ubyte"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        search(mode=mode, folder=blank_mnist)
    assert str(path) in caught.value.message
    assert "Replace the file by the original" in caught.value.hint


def test_a_file_that_may_not_be_read_is_an_error(search: Search, blank_mnist: Path) -> None:
    (blank_mnist / "mnist" / "t10k-labels-idx1-ubyte").unlink()
    (blank_mnist / "mnist" / "t10k-labels-idx1-ubyte").mkdir()
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte: found a folder or a special file"):
        search(folder=blank_mnist)


def test_some_files_of_mnist_without_the_others_are_an_error(search: Search, blank_mnist: Path) -> None:
    (blank_mnist / "mnist" / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="found 3 of the 4 files of MNIST, expected also t10k-labels-idx1-ubyte"):
        search(folder=blank_mnist)


def test_a_named_folder_with_one_data_set_leaves_the_search_for_the_other_going(
    search: Search, blank_mnist: Path
) -> None:
    located = search("frey", folder=blank_mnist)
    assert located.source == "embedded"
    assert located.tried[0] == f"--data-dir {blank_mnist}: no files of the Frey faces in it"


def test_falling_back_is_announced_with_all_that_was_tried(search: Search) -> None:
    located = search()
    assert search.said[0].startswith(
        "MNIST: no real data found; the handwritten digits of scikit-learn take their place"
    )
    assert search.said[1:-1] == [f"  - {line}" for line in located.tried]
    assert search.said[-1].startswith("  Supply train-images-idx3-ubyte")
    assert search.said[-1].endswith("name DIR with --data-dir or LATENTPRESS_DATA.")
    assert located.tried[-1] == "downloading is switched off"


def test_real_mode_fails_with_what_was_tried_and_how_to_supply_the_files(search: Search) -> None:
    with pytest.raises(DataError, match="the real data of MNIST were not found") as caught:
        search(mode="real")
    for part in ("LATENTPRESS_DATA is not set", ".keras/datasets", ".cache/latentpress/mnist", "switched off"):
        assert part in caught.value.message
    assert "train-images-idx3-ubyte" in caught.value.hint and "--data-dir" in caught.value.hint


@pytest.mark.parametrize("named", [False, True])
def test_the_cache_of_keras_is_searched(search: Search, published: bytes, tmp_path: Path, named: bool) -> None:
    root = tmp_path / "keras" if named else search.home / ".keras"
    (root / "datasets").mkdir(parents=True)
    (root / "datasets" / "mnist.npz").write_bytes(published)
    variables = {"KERAS_HOME": str(root)} if named else {}
    assert search(**variables).files == {"archive": root / "datasets" / "mnist.npz"}


def test_another_file_in_a_cache_is_passed_over(search: Search, published: bytes) -> None:
    folder = search.home / ".keras" / "datasets"
    folder.mkdir(parents=True)
    (folder / "mnist.npz").write_bytes(published[:-1])
    located = search()
    assert located.source == "embedded"
    assert f"{folder}: mnist.npz differs from the published file" in located.tried


def test_earlier_downloads_are_used_again(search: Search, published: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "latentpress" / "frey"
    folder.mkdir(parents=True)
    (folder / "frey_rawface.mat").write_bytes(published)
    located = search("frey", download=True, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert located.files == {"frames": folder / "frey_rawface.mat"}
    assert not search.network.failures


def test_without_names_both_data_sets_give_up_at_once(search: Search, offline: list[str]) -> None:
    started = time.monotonic()
    located = [search(data, download=True) for data in ("mnist", "frey")]
    assert time.monotonic() - started < 1
    assert [found.source for found in located] == ["embedded", "embedded"]
    assert "the name storage.googleapis.com does not resolve" in located[0].tried[-1]
    assert len(offline) == len(set(offline))  # no host was asked twice


def test_a_network_that_swallows_everything_is_waited_for_once(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def stall(*args: object, **options: object) -> None:
        released.wait(30)
        raise TimeoutError("timed out")

    monkeypatch.setattr(downloads.socket, "create_connection", stall)
    monkeypatch.setattr(downloads, "CONNECT_SECONDS", 0.3)
    started = time.monotonic()
    for data in ("mnist", "frey"):
        assert "no answer within 0.3 s" in search(data, download=True).tried[-1]
    assert time.monotonic() - started < 2
    released.set()


def test_a_proxy_is_asked_in_the_place_of_the_host(offline: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.invalid:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    network = Network()
    network.probe(["one.invalid", "two.invalid"])
    assert set(offline) == {"proxy.invalid"}
    assert network.failures["one.invalid"] == "the name proxy.invalid does not resolve"


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and keeps quiet."""

    def log_message(self, *args: object) -> None:
        """Print nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """The address of a server on this machine, and the folder that it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setattr(downloads, "_connect", lambda host: None)
    monkeypatch.setenv("no_proxy", "*")
    handler = partial(Server, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/", folder
        running.shutdown()


def mirror_everything(address: str, monkeypatch: pytest.MonkeyPatch, *others: Mirror) -> None:
    first = {name: tuple(Mirror(address, m.files) for m in mirrors) for name, mirrors in downloads.MIRRORS.items()}
    monkeypatch.setattr(downloads, "MIRRORS", {name: (*others, *mirrors) for name, mirrors in first.items()})


def test_a_download_is_checked_kept_and_found_again(
    search: Search, published: bytes, server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = server
    (folder / "mnist.npz").write_bytes(published)
    mirror_everything(address, monkeypatch)
    located = search(download=True)
    path = search.home / ".cache" / "latentpress" / "mnist" / "mnist.npz"
    assert located.files == {"archive": path} and path.read_bytes() == published
    assert search.said == ["Downloading mnist.npz from 127.0.0.1"]
    assert search().files == located.files


def test_a_mirror_with_another_file_is_passed_over_for_the_next(
    search: Search, published: bytes, server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = server
    (folder / "bad").mkdir()
    (folder / "bad" / "mnist.npz").write_bytes(b"<html>Please log in to this network</html>")
    (folder / "mnist.npz").write_bytes(published)
    missing, bad = (Mirror(f"{address}{name}/", downloads.MNIST_ARCHIVE_FILE) for name in ("missing", "bad"))
    mirror_everything(address, monkeypatch, missing, bad)
    located = search(download=True)
    assert located.source == "real"
    assert "404" in located.tried[-2] and "SHA256 hash" in located.tried[-1]


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(
    search: Search, published: bytes, server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = server
    (folder / "mnist.npz").write_bytes(published)
    mirror_everything(address, monkeypatch)
    (search.home / ".cache").touch()  # a file where the folder should be
    assert search(download=True).source == "embedded"


def test_a_connection_that_dies_silently_ends_the_downloads_of_this_process(
    search: Search, published: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pooch

    def stall(*args: object, **options: object) -> str:
        raise TimeoutError("timed out")

    monkeypatch.setattr(pooch, "retrieve", stall)
    monkeypatch.setattr(downloads, "_connect", lambda host: None)
    monkeypatch.setattr(downloads, "CONNECT_SECONDS", 0.0)
    search.network.failures.update({"one.invalid": None, "two.invalid": None})
    assert "timed out" in search(download=True).tried[-1]
    assert "not tried, since one.invalid let the connection time out" in search("frey", download=True).tried[-1]


def test_progress_is_told_every_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "PROGRESS_SECONDS", 0.0)
    said: list[str] = []
    progress = downloads.Progress(said.append, total=4_000_000)
    progress.update(1_000_000)
    progress.update(5_000_000)  # pooch counts whole chunks
    assert said == ["  1.0 of 4.0 MB", "  4.0 of 4.0 MB"]


def test_locating_imports_nothing_heavy(blank_mnist: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom latentpress.datasets import settings, sources\n"
        f"found = sources.locate('mnist', 'auto', Path({str(blank_mnist)!r}), {{}}, True, print)\n"
        "assert found.source == 'real'\n"
        "print(*(name for name in ('numpy', 'scipy', 'pooch', 'requests', 'keras') if name in sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert child.stdout.strip() == ""


@pytest.mark.real_data
def test_the_real_files_are_found_in_milliseconds(search: Search, real_data: Path) -> None:
    started = time.monotonic()
    found = [search(data, "real", real_data) for data in ("mnist", "frey")]
    assert time.monotonic() - started < 0.5
    assert [len(located.files) for located in found] == [4, 1]


def test_an_archive_in_a_named_folder_is_checked(search: Search, tmp_path: Path) -> None:
    np.savez(tmp_path / "mnist.npz", x_train=np.zeros((3, 28, 28), np.uint8))
    with pytest.raises(DataError, match=r"array x_train: found shape \(3, 28, 28\), expected \(60000, 28, 28\)"):
        search(folder=tmp_path)
