"""``latentpress explain``: why each stage would run or not, for people and for programs."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from fnmatch import fnmatchcase

from latentpress.builds import Build, Request, about
from latentpress.declarations import own_packages
from latentpress.engine.explain import Explanation, explain
from latentpress.engine.fingerprint import Fingerprinter
from latentpress.engine.graph import Graph
from latentpress.engine.sources import find_packages
from latentpress.errors import UsageError
from latentpress.listing import SCHEMA, look_at
from latentpress.running import above

HEADS = {"must_run": "to run", "may_run": "may follow"}


def print_explanation(
    request: Request, stage: str | None, say: Callable[[str], None], everything: bool, as_json: bool
) -> None:
    """Print why stages are up to date or not.

    Args:
        request: as for a build.
        stage: a stage's name, the beginning of one, or a pattern with ``*``; None for all.
        say: prints a line.
        everything: list stages that are up to date, too.
        as_json: print JSON instead of lines.

    Raises:
        UsageError: no stage, or more than one, is meant.
    """
    build = look_at(request, say)
    names = [*build.graph.stages] if stage is None else matching(stage, build.graph.stages)
    told = explanations(build, names)
    if as_json:
        reports = [report.name for report in build.reports]
        stages = [asdict(told[name]) for name in names]
        values = {"schema": SCHEMA, "reports": reports, "profile": request.profile, "stages": stages}
        say(json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False))
        return
    chosen = [told[name] for name in names]
    for state, head in HEADS.items():
        for one in (one for one in chosen if one.state == state):
            print_one(head, one, say)
    fine = [one for one in chosen if one.state == "up_to_date"]
    for one in fine:
        if one.reasons:
            print_one("damaged", one, say)
        elif everything or stage is not None:
            say(f"up to date: {one.stage} (artifact {one.artifact[:12]})")
    counts = [sum(one.state == state for one in chosen) for state in HEADS]
    say(f"{len(fine)} stages up to date, {counts[0]} to run, {counts[1]} that may follow")


def explanations(build: Build, names: Iterable[str]) -> dict[str, Explanation]:
    """Explain some stages; those above them are looked at as well."""
    wanted = above(build.graph.stages, list(names))
    graph = Graph(stage for name, stage in build.graph.stages.items() if name in wanted)
    cache, places = build.store.root / "cache", own_packages(build.request.root)
    fingerprinter = Fingerprinter(["latentpress"], find_packages(["latentpress"]), cache, places)
    compared = {name: value for name, value in about(build).items() if name != "reports"}
    return explain(build.store, graph, fingerprinter, compared)


def matching(wanted: str, known: Iterable[str]) -> list[str]:
    """The stages that a name, the beginning of one or a pattern means.

    Raises:
        UsageError: none, or a beginning of several.
    """
    names = list(known)
    if wanted in names:
        return [wanted]
    if any(sign in wanted for sign in "*?["):
        found = [name for name in names if fnmatchcase(name, wanted)]
        if not found:
            raise UsageError(f'no stage matches "{wanted}"', _near(wanted, sorted(patterns(names))))
        return found
    found = [name for name in names if name.startswith(wanted)]
    if len(found) > 1:
        shown = ", ".join(found[:MOST_SHOWN]) + (", …" if len(found) > MOST_SHOWN else "")
        raise UsageError(f'"{wanted}" begins {len(found)} stages: {shown}', f"For all of them: '{wanted}*'.")
    if not found:
        raise UsageError(f'unknown stage "{wanted}"', _near(wanted, names))
    return found


def patterns(names: Iterable[str]) -> set[str]:
    """The patterns that mean all stages of a kind: ``train/*``, ``section/assignment/*``."""
    parts = [name.split("/") for name in names]
    return {"/".join([*part[:length], "*"]) for part in parts for length in range(1, len(part))}


MOST_SHOWN = 5


def _near(word: str, names: list[str]) -> str:
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f'Did you mean "{near[0]}"?' if near else "latentpress explain --all lists all stages."


def print_one(head: str, one: Explanation, say: Callable[[str], None]) -> None:
    """One line where there is one reason, else a line each."""
    if len(one.reasons) == 1:
        say(f"{head}: {one.stage}: {one.reasons[0].text}")
        return
    say(f"{head}: {one.stage}{'' if one.reasons else ': its key changed'}")
    for reason in one.reasons:
        say(f"    {reason.text}")
