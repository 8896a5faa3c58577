"""``nox -s all`` builds the reports with the latentpress of this environment; ``nox -l`` lists the rest."""

import shutil
import sys
from pathlib import Path

import nox

nox.options.sessions = ["all"]
nox.options.default_venv_backend = "none"


@nox.session(name="all")
def build_all(session: nox.Session) -> None:
    """Train, measure and typeset every report. Options after -- go to `latentpress build`."""
    latentpress(session, *session.posargs)


@nox.session
def report(session: nox.Session) -> None:
    """Build one report: nox -s report -- report."""
    latentpress(session, *(session.posargs or ["report"]))


@nox.session
def section(session: nox.Session) -> None:
    """Run one section's evaluations again: nox -s section -- report/codes [--retrain]."""
    named = session.posargs[0] if session.posargs else ""
    name, slash, section_id = named.partition("/")
    if not slash:
        session.error(f"expected REPORT/SECTION, found {named!r}; for example: nox -s section -- report/codes")
    latentpress(session, name, "--section", section_id, *session.posargs[1:])


def latentpress(session: nox.Session, *arguments: str) -> None:
    """Run `latentpress build`, of the environment that nox is in, else of the PATH."""
    program = shutil.which("latentpress", path=str(Path(sys.executable).parent)) or shutil.which("latentpress")
    if program is None:
        session.error("latentpress is not on the PATH: activate the environment that it is installed in")
    session.run(program, "build", *arguments, external=True, interrupt_timeout=20.0, terminate_timeout=10.0)
