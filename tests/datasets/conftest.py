from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentpress.datasets import content, downloads, files, idx, prepare
from latentpress.engine.stage import Result, Task


@pytest.fixture
def real_data() -> Path:
    """The folder with the real files; tests that need it are skipped where there is none."""
    named = os.environ.get("LATENTPRESS_DATA", "").strip()
    if not named:
        pytest.skip("LATENTPRESS_DATA does not name the folder with the real MNIST and Frey files")
    return Path(named).absolute()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No name resolves; gives the names that were asked for."""
    asked: list[str] = []

    def refuse(address: tuple[str, int], timeout: float = 0) -> socket.socket:
        asked.append(address[0])
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", refuse)
    return asked


@pytest.fixture
def blank_mnist(tmp_path: Path) -> Path:
    """A data folder whose MNIST files have the right headers and sizes and hold nothing but zeros."""
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    for file in files.MNIST_FILES.values():
        with (folder / file.stem).open("wb") as handle:
            header = idx.header(file.shape)
            handle.write(header)
            handle.truncate(len(header) + int(np.prod(file.shape)))  # a hole: takes no space
    return folder.parent


@pytest.fixture
def network() -> downloads.Network:
    return downloads.Network()


@pytest.fixture
def make() -> Callable[..., Result]:
    def make(data: str, source: str, files: dict[str, Path] | None = None, limit: Any = None) -> Result:
        settings = {"data": data, "source": source, "limit": limit}
        return prepare.prepare(Task(f"data/{data}", settings, {}, files or {}, Path("unused")))

    return make


@pytest.fixture
def assert_sound() -> Callable[[Result], None]:
    def assert_sound(result: Result) -> None:
        """What holds for every data set."""
        facts, images = result.values["facts"], result.arrays["images"]
        assert facts["counts"] == {name: len(array) for name, array in images.items()}
        for name, array in images.items():
            assert array.dtype == np.uint8
            assert array.shape[1:] == (facts["height"], facts["width"], facts["channels"])
            assert facts["digests"][f"images/{name}"] == content.digest(array)
        for kind in ("labels", "factors"):
            for name, array in result.arrays.get(kind, {}).items():
                assert len(array) == facts["counts"][name]
        for sentence in (facts["split"], *facts["preprocessing"]):
            assert sentence[0].isupper() and sentence.endswith(".")

    return assert_sound
