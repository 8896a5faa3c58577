"""TeX is found, installed where that needs no question, or the one command is told."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from latentpress.errors import TexMissingError
from latentpress.reporting import tex


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """A machine that has just the named programs, each a shell script, and this distribution."""

    def machine(distribution: str = "debian", **scripts: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        for name, text in scripts.items():
            path = folder / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
        release = tmp_path / "os-release"
        release.write_text(f'NAME="x"\nID={distribution}\n')
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setattr(tex, "OS_RELEASE", release)
        monkeypatch.setattr(tex.os, "geteuid", lambda: 1000)
        return folder

    return machine


def files(names: tuple[str, ...] = tex.FILES) -> str:
    return "\n".join(f"echo /usr/share/texmf/{name}" for name in names)


TEX = {"latexmk": "", "bibtex": "", "pdflatex": "echo pdfTeX 3.14", "kpsewhich": files()}


def test_a_complete_installation_is_found(programs: Callable[..., Path]) -> None:
    folder = programs(**TEX)
    found = tex.find_tex()
    assert found is not None and found.version == "pdfTeX 3.14"
    assert found.path.split(":")[0] == str(folder)
    said: list[str] = []
    assert tex.ensure_tex(install=True, announce=said.append) == found and said == []


@pytest.mark.parametrize("missing", tex.PROGRAMS)
def test_a_missing_program_is_named(programs: Callable[..., Path], missing: str) -> None:
    programs(**{name: text for name, text in TEX.items() if name != missing})
    assert tex.missing_from_tex() == [missing] and tex.find_tex() is None


def test_a_missing_package_is_named(programs: Callable[..., Path]) -> None:
    programs(**{**TEX, "kpsewhich": files(tex.FILES[1:])})
    assert tex.missing_from_tex() == [tex.FILES[0]]
    with pytest.raises(TexMissingError, match=f"lacks {tex.FILES[0]}"):
        tex.ensure_tex(install=False, announce=print)


@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("apt_get", "sudo apt-get install texlive-latex-recommended texlive-fonts-recommended lmodern latexmk"),
        ("dnf", "sudo dnf install latexmk"),
        ("pacman", "sudo pacman -S"),
        ("brew", "brew install"),
        ("nothing", "https://tug.org/texlive/"),
    ],
)
def test_the_command_for_this_system_is_told(programs: Callable[..., Path], program: str, command: str) -> None:
    programs("other", **{program: ""})
    with pytest.raises(TexMissingError) as caught:
        tex.ensure_tex(install=True, announce=print)
    assert caught.value.exit_status == 4 and command in caught.value.hint


def test_nothing_is_installed_where_that_is_forbidden(programs: Callable[..., Path], tmp_path: Path) -> None:
    programs(apt_get=f"/bin/touch {tmp_path}/called", sudo="exit 0")
    with pytest.raises(TexMissingError):
        tex.ensure_tex(install=False, announce=print)
    assert not (tmp_path / "called").exists()


def test_nothing_is_installed_where_sudo_asks_for_a_password(programs: Callable[..., Path], tmp_path: Path) -> None:
    programs(apt_get=f"/bin/touch {tmp_path}/called", sudo="exit 1")
    with pytest.raises(TexMissingError):
        tex.ensure_tex(install=True, announce=print)
    assert not (tmp_path / "called").exists()


def test_apt_is_for_debian_and_ubuntu_alone(programs: Callable[..., Path]) -> None:
    programs("fedora", apt_get="", sudo="exit 0")
    assert tex.apt_prefix() is None


def installing(folder: Path) -> str:
    """An apt-get whose install puts TeX into the folder."""
    lines = [
        f"printf '#!/bin/sh\\n{text.replace(chr(10), ';')}\\n' > {folder}/{name}; /bin/chmod +x {folder}/{name}"
        for name, text in TEX.items()
    ]
    return 'case "$*" in *" install "*) ' + "; ".join(lines) + " ;; esac"


def test_root_installs_and_is_told_the_disk_need_first(
    programs: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    programs(apt_get=installing(tmp_path / "bin"), env='while [ "${1#*=}" != "$1" ]; do shift; done; exec "$@"')
    monkeypatch.setattr(tex.os, "geteuid", lambda: 0)
    said: list[str] = []
    assert tex.ensure_tex(install=True, announce=said.append).version == "pdfTeX 3.14"
    assert f"{tex.DISK_MB} MB" in said[0] and "texlive-latex-recommended" in said[0]
    assert said[1] == "LaTeX is installed: pdfTeX 3.14"


def test_an_apt_that_fails_is_quoted(programs: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    programs(apt_get="echo 'E: Unable to fetch some archives' >&2; exit 100", env='shift; exec "$@"')
    monkeypatch.setattr(tex.os, "geteuid", lambda: 0)
    with pytest.raises(TexMissingError, match="Unable to fetch some archives"):
        tex.ensure_tex(install=True, announce=lambda line: None)


def imported(modules: tuple[str, ...], *, among: tuple[str, ...]) -> list[str]:
    """Which of some packages a fresh process has loaded after it imported some modules of reporting."""
    names = [f"latentpress.reporting.{name}" for name in modules]
    code = f"import sys, {', '.join(names)}; print([name for name in {among!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found: list[str] = ast.literal_eval(done.stdout)
    return found


def test_looking_for_tex_imports_nothing_heavy() -> None:
    heavy = ("numpy", "pandas", "matplotlib", "jinja2", "pylatex", "pikepdf", "keras")
    assert imported(("tex",), among=heavy) == []


def test_reporting_imports_no_framework() -> None:
    drawing = tuple(f"drawing.{name}" for name in ("images", "charts", "points", "network"))
    modules = ("assemble", "sections", "typeset", "figures", *drawing)
    assert imported(modules, among=("keras", "tensorflow", "jax", "torch", "sklearn")) == []
