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
    NotTestable,
    capital,
    has_interval,
    higher_by_interval,
    listed,
    shown,
)
from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.numbers import format_metric, format_value, p_phrase

SIGNIFICANCE = 0.05
OVERLAP = "95 % intervals do not overlap"

# Mean distance of samples to the nearest training face, over that of real test faces. Above the second a sample
# is as far from every face as faces of different moods are from each other; the first allows for sampling.
NEAR, FAR = 1.25, 2.0


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

    Decided by the p value where there is one, else by whether the 95 % intervals overlap.

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
        return _without_test(look, Tex(what), names, first, second, percent=percent)
    return _verdict(look, Tex(what), names, (first, second), higher, higher_is_better, test, tail, percent=percent)


def _verdict(
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
) -> Claim:
    values = Tex(f"{shown(pair[0], percent=percent)} against {shown(pair[1], percent=percent)}{tail}")
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


def _without_test(
    look: Look, what: Tex, names: Sequence[Tex], first: Metric, second: Metric, *, percent: bool = False
) -> Claim:
    values = Tex(f"{shown(first, percent=percent)} against {shown(second, percent=percent)}")
    if first.value == second.value:
        relation = f"the same for {names[0]} and {names[1]}"
    else:
        word = "higher" if _above(first, second) else "lower"
        relation = f"{word} for {names[0]} than for {names[1]}"
    sentence = Tex(f"In this run {what} is {relation} ({values}); there is no interval to test this by.")
    return Claim(sentence, tuple(look.used), "none", NOT_TESTABLE)


def _above(first: Metric, second: Metric) -> bool:
    return (first.value or 0.0) > (second.value or 0.0)


def reconstruction_against(look: Look, *, a: str, b: str, data: str) -> Claim:
    """Whether a's mean squared error on the test split is below that of b, a model or a control."""
    pair = look.pick("test_mse", data, a), look.pick("test_mse", data, b)
    return compare(look, a=pair[0].id, b=pair[1].id, what="the reconstruction error", higher_is_better=False)


def accuracy_difference(look: Look, *, a: str, b: str, data: str, classifier: str = "probe") -> Claim:
    """Which of two models' codes is classified better, by McNemar's exact test on the same test images.

    Args:
        look: the section's metrics.
        a, b: experiments that the comparison of the section has measured, in either order.
        data: the data set.
        classifier: ``"probe"`` (logistic regression) or ``"svm"`` (linear support vector machine).
    """
    accuracies = [look.pick(f"{classifier}_accuracy", data, model) for model in (a, b)]
    difference, sign = _difference(look, a, b, data, classifier)
    p = look.pick("mcnemar_p" if classifier == "probe" else "svm_mcnemar_p", data, difference.model)
    value = sign * (difference.value or 0.0)
    bounds = [None if bound is None else sign * bound for bound in (difference.low, difference.high)]
    if sign < 0:
        bounds.reverse()
    turned = Metric(difference.quantity, value, low=bounds[0], high=bounds[1])
    higher = None if (p.value or 0.0) >= SIGNIFICANCE or not value else value > 0
    tail = Tex(f"; difference {format_metric(turned, interval=True)}; exact McNemar test, {p_phrase(p.value or 0.0)}")
    what = Tex("the accuracy of " + ("logistic regression" if classifier == "probe" else "the linear SVM"))
    names = [look.names.running(model) for model in (a, b)]
    plain = [Metric(m.quantity, m.value) for m in accuracies]
    return _verdict(
        look, what, names, (plain[0], plain[1]), higher, True, f"exact McNemar test, p < {SIGNIFICANCE}", tail
    )


def _difference(look: Look, a: str, b: str, data: str, classifier: str) -> tuple[Metric, int]:
    """The measured difference of a pair, and -1 where it was taken the other way round."""
    quantity = f"{classifier}_accuracy_difference"
    models = {m.metric.model for m in look.evidence.measured.values() if m.metric.quantity == quantity}
    if f"{a}_vs_{b}" not in models and f"{b}_vs_{a}" in models:
        return look.pick(quantity, data, f"{b}_vs_{a}"), -1
    return look.pick(quantity, data, f"{a}_vs_{b}"), 1


def accuracy_against(look: Look, *, a: str, b: str, data: str, classifier: str = "probe") -> Claim:
    """Whether a's accuracy is above that of a control b, by Wilson intervals that do not overlap."""
    pair = [look.pick(f"{classifier}_accuracy", data, model) for model in (a, b)]
    what = "the accuracy of " + ("logistic regression" if classifier == "probe" else "the linear SVM")
    return compare(look, a=pair[0].id, b=pair[1].id, what=what, higher_is_better=True)


def contraction_reduced(look: Look, *, a: str, reference: str, data: str) -> Claim:
    r"""Whether a's contraction ratio :math:`\rho` is below the reference's."""
    pair = [look.pick("contraction_ratio", data, model) for model in (a, reference)]
    return compare(look, a=pair[0].id, b=pair[1].id, what=r"the contraction ratio $\rho$")


INTERPOLATION_NAMES = {
    "interpolation_psnr_mean": ("the average PSNR", True),
    "interpolation_psnr_of_mean_mse": ("the PSNR of the mean error", True),
    "interpolation_ssim_mean": ("the average SSIM", True),
    "interpolation_latent_l2_mean": ("the average L2 distance between the codes", None),
    "interpolation_latent_l2_relative": ("the relative L2 distance between the codes", False),
}


def interpolation_difference(look: Look, *, a: str, b: str, quantity: str, data: str) -> Claim:
    """Whether a quantity along the path differs between two models, α by α, by intervals over pairs."""
    what, higher_is_better = INTERPOLATION_NAMES.get(quantity, (f"the {quantity.replace('_', ' ')}", None))
    ours = {metric.alpha: metric for metric in look.path(quantity, data, a)}
    theirs = {metric.alpha: metric for metric in look.path(quantity, data, b)}
    alphas = [alpha for alpha in ours if alpha in theirs and alpha is not None]
    if not alphas or not all(has_interval(ours[alpha], theirs[alpha]) for alpha in alphas):
        raise NotTestable(f"{quantity} has no intervals over pairs")
    verdicts = {alpha: higher_by_interval(ours[alpha], theirs[alpha]) for alpha in alphas}
    names = look.names.running(a), look.names.running(b)
    groups = {
        verdict: [f"{alpha:g}" for alpha in alphas if verdicts[alpha] is verdict] for verdict in (True, False, None)
    }
    test = f"{OVERLAP}, at each α"
    if not groups[True] and not groups[False]:
        sentence = (
            f"For {what}, no difference is shown between {names[0]} and {names[1]}: "
            r"at every $\alpha$ inside the path their intervals over pairs overlap."
        )
        return Claim(Tex(sentence), tuple(look.used), test, NO_DIFFERENCE)
    parts = []
    for verdict, word in ((True, "higher"), (False, "lower")):
        if groups[verdict]:
            better = "" if higher_is_better is None else f" ({'better' if verdict is higher_is_better else 'worse'})"
            parts.append(f"{word}{better} {_at(groups[verdict], len(alphas))}")
    rest = f"; no difference is shown {_at(groups[None], len(alphas))}" if groups[None] else ""
    sentence = f"{capital(Tex(what))} of {names[0]}, held against that of {names[1]}, is {listed(parts)}{rest}."
    one_way = not (groups[True] and groups[False])
    direction = bool(groups[True])
    if not one_way:
        outcome = NO_DIFFERENCE
    elif higher_is_better is None:
        outcome = HIGHER if direction else LOWER
    else:
        outcome = BETTER if direction is higher_is_better else WORSE
    return Claim(Tex(sentence), tuple(look.used), test, outcome)


def _at(alphas: Sequence[str], of: int) -> str:
    return (
        r"at every $\alpha$ inside the path"
        if len(alphas) == of
        else rf"at $\alpha = {listed(alphas)}$".replace(" and ", r"$ and~$")
    )


EMBEDDING_NAMES = {
    "trustworthiness": "trustworthiness of the maps",
    "knn_accuracy": "kNN accuracy in the maps",
}


def embedding_ranking(look: Look, *, models: Sequence[str], quantity: str, data: str) -> Claim:
    """The order of some models' maps by one measure; a description of these points, not a test."""
    metrics = [look.pick(quantity, data, model) for model in models]
    ordered = sorted(metrics, key=lambda metric: -(metric.value or 0.0))
    what = EMBEDDING_NAMES.get(quantity, quantity.replace("_", " "))
    entries = [f"{look.names.running(metric.model)} ({format_metric(metric)})" for metric in ordered]
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


def samples_near_faces(look: Look, *, a: str, data: str) -> Claim:
    """Whether samples lie as near to a training face as real faces do: the ratio of the mean L2 distances."""
    samples = look.pick("sample_nearest_distance", data, a)
    faces = look.pick("face_nearest_distance", data, a)
    if not faces.value:
        raise NotTestable("real faces have no distance to the training faces")
    ratio = (samples.value or 0.0) / faces.value
    values = Tex(f"{shown(samples)} against {shown(faces)}, a ratio of {format_value(ratio, 2)}")
    if ratio > FAR:
        place, verdict, outcome = "far above", "they do not look like faces", WORSE
    elif ratio > NEAR:
        place, verdict, outcome = "above", "they look like faces, but less than real ones do", WORSE
    elif higher_by_interval(samples, faces) is False and has_interval(samples, faces):
        # Smoother images lie nearer to everything, so that this does not make them the better faces.
        place, verdict, outcome = "below", "they look like faces of the training data, and are smoother", BETTER
    else:
        place, verdict, outcome = "about", "they look like faces", NO_DIFFERENCE
    sentence = (
        f"The mean distance of samples from the nearest training face is {place} that of real test faces "
        f"({values}): by this measure {verdict}."
    )
    test = f"ratio of mean distances, above {NEAR} farther, above {FAR} far; below by intervals"
    return Claim(Tex(sentence), tuple(look.used), test, outcome)


def against_published(
    look: Look,
    *,
    a: str,
    model: str,
    quantity: str,
    alpha: float | None = None,
    kind: str = "assignment",
    higher_is_better: bool | None = True,
) -> Claim:
    """Whether our value, with its interval, lies above or below a published one.

    Args:
        look: the section's metrics and the published figures.
        a: id of our metric.
        model, quantity, alpha, kind: which row of the published figures.
        higher_is_better: as in `compare`.
    """
    ours = look.metric(a)
    row = find_published(look.published, model=model, quantity=quantity, alpha=alpha, kind=kind)
    theirs = Metric(quantity, float(row["value"]), model=model, unit=row.get("unit") or "")
    names = [Tex("this report"), Tex(f"the published report ({escape(row.get('source') or kind)})")]
    what = Tex(f"the {escape(quantity.replace('_', ' '))} of {look.names.running(ours.model)}")
    if not has_interval(ours):
        return _without_test(look, what, names, ours, theirs)
    higher = higher_by_interval(ours, theirs)
    test = "the published value lies outside our 95 % interval"
    return _verdict(look, what, names, (ours, theirs), higher, higher_is_better, test, Tex(""))


def find_published(rows: Sequence[Any], *, model: str, quantity: str, alpha: float | None, kind: str) -> Any:
    """One row of the published figures.

    Raises:
        TemplateError: there is none, or more than one.
    """
    from latentpress.errors import TemplateError

    def matches(row: Any) -> bool:
        same_alpha = (row.get("alpha") or "") == "" if alpha is None else _same(row.get("alpha"), alpha)
        return (row["kind"], row["model"], row["quantity"]) == (kind, model, quantity) and same_alpha

    found = [row for row in rows if matches(row)]
    if len(found) != 1:
        at = "" if alpha is None else f" at α = {alpha:g}"
        raise TemplateError(
            f"the published figures have {len(found)} rows of kind {kind!r} for {quantity!r} of {model!r}{at}.",
            "Name the file as published = … of the section in report.toml, and one of its rows.",
        )
    return found[0]


def _same(text: Any, alpha: float) -> bool:
    return text not in (None, "") and abs(float(text) - alpha) < 1e-9
