"""Every task of the project: ``nox -s all`` builds the reports, ``nox -s tests`` tests; ``nox -l`` lists."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["all"]
nox.options.default_venv_backend = "none"  # sessions share the environments that `environment` makes

SUPPORTED = ("3.11", "3.12", "3.13")  # TensorFlow publishes no wheel for any other
PATIENCE = {"interrupt_timeout": 20.0, "terminate_timeout": 10.0}  # time to end workers after Ctrl-C


@nox.session(name="all")
def build_all(session: nox.Session) -> None:
    """Train, measure and typeset every report that is not on request. Options after -- go to `latentpress build`."""
    latentpress(session, "build", *session.posargs)


@nox.session
def report(session: nox.Session) -> None:
    """Build one report: nox -s report -- assignment."""
    latentpress(session, "build", argument(session, "assignment"), *session.posargs[1:])


@nox.session
def section(session: nox.Session) -> None:
    """Run one section's evaluations again: nox -s section -- assignment/q1b [--retrain]."""
    named = argument(session, "assignment/q1b")
    name, slash, section_id = named.partition("/")
    if not slash:
        session.error(f"expected REPORT/SECTION, found {named!r}; for example: nox -s section -- assignment/q1b")
    latentpress(session, "build", name, "--section", section_id, *session.posargs[1:])


@nox.session
def verify(session: nox.Session) -> None:
    """Say whether a report is what a build has made: nox -s verify -- report.pdf [--rerun 0.2]."""
    latentpress(session, "verify", argument(session, "build/assignment/report.pdf"), *session.posargs[1:])


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, several files at a time. Arguments after -- go to pytest, which then runs them one by one."""
    # Files stay whole, since their tests share fixtures, and are begun in the order that tests/conftest.py gives.
    together = ["-n", "logical", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder"]
    run(session, "development", "pytest", *(session.posargs or together))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting with ruff."""
    run(session, "development", "ruff", "check", ".")
    run(session, "development", "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy."""
    run(session, "development", "mypy")


@nox.session
def lock(session: nox.Session) -> None:
    """Write requirements/*.txt anew. Add --upgrade after -- to take newer versions."""
    chosen = {
        "run": ["--group", "build", "--extra", "cluster"],
        "cuda": ["--group", "build", "--extra", "cluster", "--extra", "cuda"],
        "development": ["--group", "build", "--group", "test", "--group", "lint", "--group", "types"],
    }
    for name, groups in chosen.items():
        options = ["--universal", "--python-version", SUPPORTED[0], "--generate-hashes", "--no-header", "--quiet"]
        target = f"requirements/{name}.txt"
        arguments = ["pip", "compile", "pyproject.toml", *groups, *options, "--output-file", target, *session.posargs]
        session.run(uv(session), *arguments, external=True)


def argument(session: nox.Session, example: str) -> str:
    """The session's first argument."""
    if not session.posargs or session.posargs[0].startswith("-"):
        session.error(f"say which: nox -s {session.name} -- {example}")
    return session.posargs[0]


def latentpress(session: nox.Session, *arguments: str) -> None:
    """Run the CLI in the environment for reports: with a GPU's libraries where there is a GPU."""
    run(session, "cuda" if shutil.which("nvidia-smi") else "run", "latentpress", *arguments)


def run(session: nox.Session, requirements: str, program: str, *arguments: str) -> None:
    """Run a program of a shared environment, which is made first where it is missing or out of date."""
    programs = environment(session, requirements)
    path = os.pathsep.join([str(programs), os.environ.get("PATH", "")])
    session.run(str(programs / program), *arguments, external=True, env={"PATH": path}, **PATIENCE)


def environment(session: nox.Session, requirements: str) -> Path:
    """The folder of programs of .nox/<requirements>, which holds the locked set and this package."""
    folder = Path(".nox") / requirements
    programs = (folder / ("Scripts" if os.name == "nt" else "bin")).resolve()
    lockfile = Path("requirements") / f"{requirements}.txt"
    python = interpreter(session)
    inputs = [
        lockfile.read_bytes(),
        Path("pyproject.toml").read_bytes(),
        python.encode(),
        str(folder.resolve()).encode(),
    ]
    wanted = hashlib.sha256(b"\0".join(inputs)).hexdigest()
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return programs
    stamp.unlink(missing_ok=True)
    session.log(f"installing {lockfile} into {folder}")
    make = [uv(session), "venv", "--quiet", "--clear", "--python", python, str(folder)]
    session.run(*make, external=True, log=False)
    # Byte code is made now: workers start in half the time, also where PYTHONDONTWRITEBYTECODE is set.
    install = [uv(session), "pip", "install", "--quiet", "--compile-bytecode", "--python", str(programs / "python")]
    session.run(*install, "--require-hashes", "-r", str(lockfile), external=True, log=False)
    session.run(*install, "--no-deps", "--no-build-isolation", "-e", ".", external=True, log=False)
    stamp.write_text(wanted)
    return programs


def interpreter(session: nox.Session) -> str:
    """The Python that runs nox if it is supported, else the newest supported one on the PATH."""
    version = ".".join(map(str, sys.version_info[:2]))
    if version in SUPPORTED:
        return sys.executable
    found = next(filter(None, (shutil.which(f"python{v}") for v in reversed(SUPPORTED))), None)
    if found is None:
        session.error(
            f"Python {version} found, expected {SUPPORTED[0]} to {SUPPORTED[-1]}: TensorFlow has no wheel for another. "
            f"Let uv bring one: uvx --python {SUPPORTED[-1]} --with uv nox -s {session.name}"
        )
    return found


def uv(session: nox.Session) -> str:
    """The installer: uv, beside nox or on the PATH."""
    beside = shutil.which("uv", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("uv")
    if found is None:
        session.error('uv is missing; install nox together with it: pip install "nox[uv]"')
    return found
