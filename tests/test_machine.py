"""What is asked of the machine."""

import os
from pathlib import Path

import pytest

from latentpress import machine
from latentpress.errors import UsageError


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_supported_pythons_pass(version):
    machine.check_python(version)


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (4, 0)])
def test_unsupported_python_is_refused_with_the_versions_and_a_way_out(version):
    with pytest.raises(UsageError, match=f"Python {version[0]}.{version[1]} found, expected 3.11 to 3.13") as caught:
        machine.check_python(version)
    assert "--python 3.13" in caught.value.hint
    assert caught.value.exit_status == 2


def test_machine_has_cores_memory_and_a_processor():
    assert 1 <= machine.cores() <= (os.cpu_count() or 1)
    assert machine.memory_mb() > 100
    assert machine.processor()


def fake_nvidia_smi(folder: Path, body: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)


def test_gpu_is_named_where_nvidia_smi_finds_one(tmp_path, monkeypatch):
    fake_nvidia_smi(tmp_path, "echo 'NVIDIA Test 1'")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert machine.gpu() == "NVIDIA Test 1"


def test_driver_without_a_gpu_is_no_gpu(tmp_path, monkeypatch):
    fake_nvidia_smi(tmp_path, "echo 'No devices were found' >&2; exit 6")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert machine.gpu() == ""


def test_machine_without_a_driver_has_no_gpu(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.gpu() == ""
