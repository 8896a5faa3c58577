"""Claims that hold two or more results against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from latentpress.metrics import Metric
from latentpress.reporting.claim_base import (
    BETTER,
    DESCRIPTIVE,
    HIGHER,
    LOWER,
    NO_DIFFERENCE,
    NOT_TESTABLE,
    WORSE,
    Claim,
    Look,
    capital,
    has_interval,
    higher_by_interval,
    listed,
)
from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.numbers import format_setting, p_phrase

SIGNIFICANCE = 0.05
OVERLAP = "95 % intervals do not overlap"
PAIRED = "95 % bootstrap interval of the paired difference excludes 0"
OVER_SEEDS = "95 % interval of the paired difference over seeds excludes 0"
SIGN_FLIPS = f"exact sign-flip test of the paired differences over seeds, p < {SIGNIFICANCE}"


def compare(
    look: Look,
    *,
    a: str,
    b: str,
    what: str,
    higher_is_better: bool | None = None,
    p: str | None = None,
    a_name: str | None = None,
    b_name: str | None = None,
    percent: bool = False,
) -> Claim:
    """Whether metric a differs from metric b.

    Decided by the p value where there is one, else by whether the 95 % intervals overlap, which sees less than a
    paired test would: for models that answer for the same images there are claims of their own.

    Args:
        look: the section's metrics.
        a, b: metric ids.
        what: the quantity as a noun phrase with its article: ``"the accuracy"``.
        higher_is_better: None for quantities that are neither good nor bad.
        p: id of the p value of a paired test of the two.
        a_name, b_name: in running text; the models' names where absent.
        percent: print shares as percentages.
    """
    first, second = look.metric(a), look.metric(b)
    names = [
        escape(given) if given is not None else look.names.running(metric.model)
        for given, metric in ((a_name, first), (b_name, second))
    ]
    test = f"paired test, p < {SIGNIFICANCE}" if p is not None else OVERLAP
    tail = Tex("")
    higher = higher_by_interval(first, second)
    if p is not None:
        probability = look.metric(p).value or 0.0
        tail = Tex(f"; {p_phrase(probability)}")
        higher = _above(first, second) if probability < SIGNIFICANCE else None
    elif not has_interval(first, second):
        return without_test(look, Tex(what), names, first, second, percent=percent)
    return verdict(look, Tex(what), names, (first, second), higher, higher_is_better, test, tail, percent=percent)


def verdict(
    look: Look,
    what: Tex,
    names: Sequence[Tex],
    pair: tuple[Metric, Metric],
    higher: bool | None,
    higher_is_better: bool | None,
    test: str,
    tail: Tex,
    *,
    percent: bool = False,
    with_interval: bool = True,
) -> Claim:
    """The sentence and the outcome of a comparison that was decided.

    Args:
        look: what was looked at.
        what: the quantity as a noun phrase with its article.
        names: of both sides, in running text.
        pair: what is printed of both.
        higher: whether the first is shown to be higher, or to be lower; None where neither is shown.
        higher_is_better: None for quantities that are neither good nor bad.
        test: how it was decided, in words.
        tail: what follows the two values in brackets.
        percent: print shares as percentages.
        with_interval: of each value; a paired difference is not seen from these.
    """
    first, second = (look.text(m, interval=with_interval, unit=True, percent=percent) for m in pair)
    values = Tex(f"{first} against {second}{tail}")
    used = tuple(look.used)
    if higher is None:
        sentence = Tex(f"For {what}, no difference is shown between {names[0]} and {names[1]} ({values}).")
        return Claim(sentence, used, test, NO_DIFFERENCE)
    word = "higher" if higher else "lower"
    if higher_is_better is None:
        judged, outcome = Tex(""), HIGHER if higher else LOWER
    else:
        better = higher is bool(higher_is_better)
        judged, outcome = Tex(f", and so {'better' if better else 'worse'},"), BETTER if better else WORSE
    sentence = Tex(f"{capital(what)} is {word}{judged} for {names[0]} than for {names[1]} ({values}).")
    return Claim(sentence, used, test, outcome)


def without_test(
    look: Look, what: Tex, names: Sequence[Tex], first: Metric, second: Metric, *, percent: bool = False
) -> Claim:
    """What this run shows of a quantity that has no interval on either side."""
    values = Tex(f"{look.shown(first, percent=percent)} against {look.shown(second, percent=percent)}")
    if first.value == second.value:
        relation = f"the same for {names[0]} and {names[1]}"
    else:
        word = "higher" if _above(first, second) else "lower"
        relation = f"{word} for {names[0]} than for {names[1]}"
    sentence = Tex(f"In this run {what} is {relation} ({values}); there is no interval to test this by.")
    return Claim(sentence, tuple(look.used), "none", NOT_TESTABLE)


def _above(first: Metric, second: Metric) -> bool:
    return (first.value or 0.0) > (second.value or 0.0)


def paired_test(look: Look, measured: Metric) -> str:
    """How a difference over the same items, or between trainings from the same seeds, is decided, in words."""
    if look.probability(measured):
        return SIGN_FLIPS
    return OVER_SEEDS if look.several_seeds else PAIRED


def paired(
    look: Look,
    quantity: str,
    data: str,
    a: str,
    b: str,
    *,
    what: str,
    higher_is_better: bool | None,
    **conditions: Any,
) -> Claim:
    """Whether a quantity differs between two models that answered for the same items, under the same conditions."""
    values = [look.pick(quantity, data, model, **conditions) for model in (a, b)]
    difference, measured = look.difference(quantity, data, a, b, **conditions)
    tail = Tex(f"; paired difference {look.shown(difference)}{look.probability(measured)}")
    names = [look.names.running(model) for model in (a, b)]
    return verdict(
        look,
        Tex(what),
        names,
        (values[0], values[1]),
        look.sign_shown(difference, measured),
        higher_is_better,
        paired_test(look, measured),
        tail,
        with_interval=False,
    )


def reconstruction_against(look: Look, *, a: str, b: str, data: str) -> Claim:
    """Whether a's mean squared error on the test split is below that of b, a model or a control, image by image."""
    return paired(look, "test_mse", data, a, b, what="the reconstruction error", higher_is_better=False)


def accuracy_difference(
    look: Look, *, a: str, b: str, data: str, classifier: str = "probe", noise: float | None = None
) -> Claim:
    """Which of two models' codes is classified better, by McNemar's exact test on the same test images.

    With several seeds that test would speak for the first training only, and the trainings are compared instead.

    Args:
        look: the section's metrics.
        a, b: models or controls that the comparison of the section has measured, in either order.
        data: the data set.
        classifier: ``"probe"`` (logistic regression) or ``"svm"`` (linear support vector machine).
        noise: standard deviation of the noise on the images, at which the comparison of robustness was made; None for
            the images as they are.
    """
    conditions = {} if noise is None else {"noise": float(noise)}
    accuracies = [look.pick(f"{classifier}_accuracy", data, model, **conditions) for model in (a, b)]
    difference, measured = look.difference(f"{classifier}_accuracy", data, a, b, **conditions)
    if look.several_seeds:
        test, higher = paired_test(look, measured), look.sign_shown(difference, measured)
        tail = Tex(f"; paired difference over seeds {look.shown(difference)}{look.probability(measured)}")
    else:
        p = look.pick("mcnemar_p" if classifier == "probe" else "svm_mcnemar_p", data, measured.model, **conditions)
        test = f"exact McNemar test, p < {SIGNIFICANCE}"
        higher = None if (p.value or 0.0) >= SIGNIFICANCE or not difference.value else difference.value > 0
        tail = Tex(f"; difference {look.shown(difference)}; exact McNemar test, {p_phrase(p.value or 0.0)}")
    what = Tex("the accuracy of " + ("logistic regression" if classifier == "probe" else "the linear SVM"))
    what = what if noise is None else Tex(rf"{what} under noise of $\sigma = {format_setting(float(noise))}$")
    names = [look.names.running(model) for model in (a, b)]
    return verdict(
        look, what, names, (accuracies[0], accuracies[1]), higher, True, test,
        tail, with_interval=False,
    )  # fmt: skip


def contraction_reduced(look: Look, *, a: str, reference: str, data: str) -> Claim:
    r"""Whether a's contraction ratio :math:`\rho` differs from the reference's, image by image."""
    what = r"the contraction ratio $\rho$"
    return paired(look, "contraction_ratio", data, a, reference, what=what, higher_is_better=None)


def sparser(look: Look, *, a: str, b: str, data: str) -> Claim:
    """Whether a's codes are sparser than b's by Hoyer's measure, which knows no threshold; image by image."""
    claim = paired(look, "hoyer_samples", data, a, b, what="Hoyer's measure of the codes", higher_is_better=None)
    conclusion = {
        HIGHER: "by this measure its codes are the sparser ones",
        LOWER: "by this measure its codes are not sparser but denser, whatever share of units passes a level",
        NO_DIFFERENCE: "by this measure they are not shown to be sparser",
    }[claim.outcome]
    return Claim(Tex(f"{claim.sentence.removesuffix('.')}: {conclusion}."), claim.metrics, claim.test, claim.outcome)


def code_steadier(look: Look, *, a: str, b: str, data: str, noise: float) -> Claim:
    """Whether a's codes move less than b's when noise of a standard deviation is added to the same images."""
    what = rf"the relative change of the code under noise of $\sigma = {format_setting(float(noise))}$"
    return paired(
        look, "relative_code_change", data, a, b,
        what=what, higher_is_better=False, noise=float(noise),
    )  # fmt: skip


EMBEDDING_NAMES = {
    "trustworthiness": "trustworthiness of the maps",
    "knn_accuracy": "kNN accuracy in the maps",
}


def embedding_ranking(look: Look, *, models: Sequence[str], quantity: str, data: str) -> Claim:
    """The order of some models' maps by one measure; a description of these points, not a test."""
    metrics = [look.pick(quantity, data, model) for model in models]
    ordered = sorted(metrics, key=lambda metric: -(metric.value or 0.0))
    what = EMBEDDING_NAMES.get(quantity, quantity.replace("_", " "))
    entries = [f"{look.names.running(metric.model)} ({look.text(metric)})" for metric in ordered]
    sentence = f"The {what} is highest for {entries[0]}"
    if len(entries) > 2:
        sentence += f", then comes {listed(entries[1:-1])}"
    if len(entries) > 1:
        sentence += f", and it is lowest for {entries[-1]}"
    return Claim(
        Tex(f"{sentence}; this order describes the mapped points, and is not a test."),
        tuple(look.used),
        "order of the values",
        DESCRIPTIVE,
    )
