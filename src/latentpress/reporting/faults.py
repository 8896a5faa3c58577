"""What an assembled report says of the faults that it has on purpose: which check caught which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from latentpress.health_faults import FAULT, verdicts
from latentpress.reporting.appendices import alarming, written
from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.names import Names

if TYPE_CHECKING:
    from latentpress.health import Check

COLUMNS = ("Faulty model", "Health check", "Expected", "Faulty", "Mended", "Fault")
OUTCOMES = {"passed": "caught", "failed": "not caught"}


def fault_table(faults: Sequence[Mapping[str, Any]], checks: Sequence[Check], names: Names) -> Tex:
    """A tabular of the declared faults: the check that has to catch each, and what it found.

    Args:
        faults: as `health_faults.expect` takes them.
        checks: what it returned.
        names: of models.
    """
    rows = []
    for fault in faults:
        faulty, mended = verdicts(fault, checks)
        outcome = next(check for check in checks if (check.name, check.model) == (FAULT, fault["model"]))
        expected = f"{escape(faulty.relation)} {written(faulty.threshold)}" if faulty else "--"
        told = OUTCOMES.get(outcome.verdict, outcome.verdict)
        rows.append(
            f"{names.title(fault['model'])} & {escape(fault['check'])} & {expected} & "
            f"{written(faulty.value if faulty else None)} & {written(mended.value if mended else None)} & "
            f"{alarming(told) if outcome.verdict == 'failed' else escape(told)}"
        )
    head = " & ".join(COLUMNS)
    body = " \\\\\n".join(rows)
    # Wide, so that it is set a little smaller than the text.
    spec = r"@{}>{\raggedright\arraybackslash}p{.22\linewidth}>{\raggedright\arraybackslash}p{.2\linewidth}lrrl@{}"
    return Tex(
        f"{{\\footnotesize\\begin{{tabular}}{{{spec}}}\n\\toprule\n{head} \\\\\n\\midrule\n{body} \\\\\n"
        "\\bottomrule\n\\end{tabular}}"
    )


def fault_notice(faults: Sequence[Mapping[str, Any]], checks: Sequence[Check], profile: str) -> list[Tex]:
    """The sentence for page one that says what a failing check means here; none in a report without faults."""
    if not faults:
        return []
    outcomes = [check.verdict for check in checks if check.name == FAULT]
    caught = outcomes.count("passed")
    told = f"{caught} of them are caught by the check that is meant for them"
    if "not assessed" in outcomes:
        told = f"whether they are caught is not assessed in the profile {profile}"
    elif caught == len(outcomes):
        told = "each of them is caught by the check that is meant for it"
    return [
        escape(
            f"{len(outcomes)} models of this report have a fault on purpose, and {told}. A health check that fails for "
            "such a model as declared counts as caught; one that should fail and does not would be a failure."
        )
    ]
