"""TeX on this machine: found, installed where that needs no question, or told how to install. Imports nothing heavy."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latentpress.errors import TexMissingError

PROGRAMS = ("latexmk", "pdflatex", "bibtex", "kpsewhich")

# One file of each package that report.sty loads, and of the fonts.
FILES = (
    "scrartcl.cls", "scrlayer-scrpage.sty", "geometry.sty", "lmodern.sty", "lmr10.pfb", "amsmath.sty", "microtype.sty",
    "xcolor.sty", "graphicx.sty", "booktabs.sty", "tabularx.sty", "longtable.sty", "subcaption.sty", "natbib.sty",
    "plainnat.bst", "hyperref.sty", "bookmark.sty", "glyphtounicode.tex",
)  # fmt: skip

APT_PACKAGES = ("texlive-latex-recommended", "texlive-fonts-recommended", "lmodern", "latexmk")
DISK_MB = 250
"""What the packages and what they need take when unpacked (180 MB of TeX, and libraries); a third is downloaded."""
APT_SECONDS = 900.0

OS_RELEASE = Path("/etc/os-release")


@dataclass(frozen=True, slots=True)
class TexInstallation:
    """A TeX that can typeset the reports.

    Attributes:
        latexmk: path of the program.
        path: the search path for its environment: its own folder and the system's.
        version: pdfTeX's, for the console.
    """

    latexmk: str
    path: str
    version: str


def find_tex() -> TexInstallation | None:
    """The TeX installation on the PATH, or None where a program or a package that the reports use is missing."""
    return None if missing_from_tex() else _installation()


def missing_from_tex() -> list[str]:
    """Programs and files that the reports need and this machine lacks."""
    programs = [name for name in PROGRAMS if shutil.which(name) is None]
    if programs:
        return programs
    asked = subprocess.run(
        [str(shutil.which("kpsewhich")), *FILES], capture_output=True, text=True, timeout=60, check=False
    )
    found = {Path(line).name for line in asked.stdout.splitlines()}
    return [name for name in FILES if name not in found]


def _installation() -> TexInstallation:
    latexmk = str(shutil.which("latexmk"))
    folders = [str(Path(str(shutil.which(name))).parent) for name in PROGRAMS]
    path = os.pathsep.join(dict.fromkeys([*folders, "/usr/bin", "/bin"]))
    told = subprocess.run(
        [str(shutil.which("pdflatex")), "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    return TexInstallation(latexmk, path, told.stdout.splitlines()[0] if told.stdout else "pdfTeX")


def ensure_tex(install: bool, announce: Callable[[str], None]) -> TexInstallation:
    """Find TeX, or install it where that works without a question.

    Args:
        install: whether it may be installed.
        announce: told what is going to happen, the disk need first.

    Raises:
        TexMissingError: it is missing, and this process may not or cannot install it; with the one command to run.
    """
    missing = missing_from_tex()
    if not missing:
        return _installation()
    what = "LaTeX is not installed" if missing[0] in PROGRAMS else f"LaTeX lacks {', '.join(missing)}"
    prefix = apt_prefix() if install else None
    if prefix is None:
        raise TexMissingError(f"{what}; without it there is no PDF.", f"Install it with: {install_command()}")
    announce(f"{what}. Installing {' '.join(APT_PACKAGES)} with apt (about {DISK_MB} MB on disk) …")
    fault = _apt(prefix)
    found = find_tex()
    if found is None:
        raise TexMissingError(f"{what}, and apt could not install it: {fault}", f"Install it with: {install_command()}")
    announce(f"LaTeX is installed: {found.version}")
    return found


def apt_prefix() -> list[str] | None:
    """How apt is called without a password: directly by root, through ``sudo -n``, or not at all (None)."""
    if shutil.which("apt-get") is None or distribution() not in ("debian", "ubuntu"):
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, timeout=20, check=False)  # noqa: S607
    return ["sudo", "-n"] if allowed.returncode == 0 else None


def _apt(prefix: list[str]) -> str:
    """Install the packages; the last line of what went wrong, or nothing."""
    settings = ["env", "DEBIAN_FRONTEND=noninteractive"]
    get = [*prefix, *settings, "apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=120"]
    fault = ""
    for command in ([*get, "update"], [*get, "install", "--no-install-recommends", *APT_PACKAGES]):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=APT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode:
            # A failed update is no obstacle where the lists are there already; a failed install is.
            lines = (done.stderr or done.stdout).strip().splitlines()
            fault = lines[-1] if lines else f"apt-get ended with status {done.returncode}"
    return fault


def distribution() -> str:
    """``debian``, ``ubuntu``, ``fedora``, ``arch``, … of this machine, or its family where that is known."""
    try:
        lines = OS_RELEASE.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    names = [values.get(key, "").strip('"') for key in ("ID", "ID_LIKE")]
    known = ("debian", "ubuntu", "fedora", "rhel", "arch", "suse")
    for name in " ".join(names).split():
        if name in known:
            return name
    return names[0]


def install_command() -> str:
    """The one command that installs TeX on this system."""
    if shutil.which("apt-get"):
        return f"sudo apt-get install {' '.join(APT_PACKAGES)}"
    if shutil.which("dnf"):
        return (
            "sudo dnf install latexmk texlive-collection-latexrecommended texlive-collection-fontsrecommended "
            "texlive-lm"
        )
    if shutil.which("pacman"):
        return "sudo pacman -S texlive-binextra texlive-latexrecommended texlive-fontsrecommended"
    if shutil.which("brew"):
        return "brew install --cask mactex-no-gui"
    return "install TeX Live with latexmk, LaTeX's recommended packages and fonts (https://tug.org/texlive/)"
