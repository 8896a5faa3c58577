"""Further health checks: that codes tell images apart, and that labels belong to their images."""

from __future__ import annotations

from latentpress.health_rules import ABOVE_CHANCE, Rule
from latentpress.health_subject import Subject, each, fixed, the

CODE_SHARE = 1e-4  # 0.29 and more for the assignment's models on real data; rounding of equal codes leaves 1e-13
FEWEST_CLASSES = 2


def _classes(subject: Subject) -> float:
    return float(max(FEWEST_CLASSES, subject.facts.get("classes") or 0))


CODE_RULES = (
    Rule(
        name="codes differ",
        quantity="code_variance_share",
        relation="above",
        threshold=fixed(CODE_SHARE),
        guards_against="an encoder that gives all images one code",
        why="the codes' variance as a share of their mean square: 0 for equal codes, and blind to their scale",
    ),
    Rule(
        name="every class occurs",
        quantity="classes_present",
        relation="at least",
        threshold=_classes,
        guards_against="data of one class only, of which every classifier is right",
        why="the classes that the data set names; without two there is nothing to tell apart",
        concerns=lambda subject: True,
    ),
    Rule(
        name="probe beats the commonest class",
        quantity="probe_accuracy",
        relation="above",
        threshold=each(lambda share: share + ABOVE_CHANCE, the("commonest_class_share")),
        guards_against="labels that do not belong to the images, or codes that say nothing of them",
        why=f"the share of test images in the commonest class, which a blind guess gets right, plus {ABOVE_CHANCE:g}",
    ),
    Rule(
        name="no class is taken for another",
        quantity="classes_mistaken",
        relation="at most",
        threshold=fixed(0),
        guards_against="labels that are swapped in one of the splits",
        why="classes most of whose test images are taken for one other class",
    ),
)
