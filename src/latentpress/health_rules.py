"""The table of health checks: what each looks at, what it is held against, and why."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from latentpress.health_subject import Number, Subject, each, fixed, size_of, the

Relation = Literal["below", "above", "at most", "at least"]

PLAIN = "plain"
UNTRAINED = "untrained"

# Thresholds that the rules below share or that depend on the data set, with the reason for each.
BEATS_PCA = {"mnist/real"}
MEAN_IMAGE_SHARE = 0.75  # of the mean image's error; the variational model of the faces stands at 0.5
VARIANCE_SHARE = 0.1  # of the input's variance; the variational model of the faces stands at 0.34, a stuck one at 0
FRAME_INK = 0.1  # the mean image shows 0.04, a model of two epochs on 9,000 images 0.29
STANDARD_ERRORS = 3.0
ABOVE_CHANCE = 0.05  # one accuracy after shuffling spreads by 0.017 around chance, the mean of eight by 0.006
ACTIVE_SHARE = 0.5  # a code with half of its units active is no sparse one; 0.27 for the model here
DIVERSITY_SHARE = 0.3  # of the test faces'; 0.67 for the model here, 0 for one face again and again
GREY_LEVEL = 1 / 255  # rounding to grey levels alone leaves 0.3 of it; 0.027 for the sigma-VAE here
NATS = 0.05  # single precision leaves 1e-5; an averaged divergence is off by nats
ITERATIONS, POINTS = 750, 2000
EMBEDDED_POINTS = 600  # the embedded test images are copies of some 300 originals


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table.

    Attributes:
        name: what is checked.
        quantity: the metric that a model must have for the rule to concern it, and what is looked at.
        relation: how it should stand to the threshold.
        threshold: what it is held against.
        guards_against: what a failure would mean.
        why: the reason for the threshold.
        value: what is looked at in place of the quantity's value.
        concerns: which models, beyond having the quantity.
        exempts: the reason for which a model is not held to the rule, though it is concerned; else nothing.
    """

    name: str
    quantity: str
    relation: Relation
    threshold: Number
    guards_against: str
    why: str
    value: Number | None = None
    concerns: Callable[[Subject], bool] = lambda subject: not subject.is_control
    exempts: Callable[[Subject], str] = lambda subject: ""


def _share(part: float, whole: float) -> float:
    # Of inputs that never vary there is no share to reproduce, and nothing that a model could show.
    return part / whole if whole else 0.0


def _principal_components_error(subject: Subject) -> float | None:
    size = subject.value("code_size")
    return None if size is None else subject.value("test_mse", f"pca_{size:.0f}")


def _spared_principal_components(subject: Subject) -> str:
    if subject.is_variational:
        return "its objective weighs the copy against the divergence of the code"
    if subject.of("denoised_snr"):
        return "it was trained to take noise away, and copies clean images with what it learned from that"
    if subject.origin not in BEATS_PCA:
        return "a few epochs on the few embedded images need not suffice for it"
    return ""


def _infinities_inside(subject: Subject) -> float:
    inside = [m for m in subject.of("interpolation_psnr_mean") if m.alpha is not None and 0 < m.alpha < 1]
    return sum(metric.value == math.inf for metric in inside)


def _missing(subject: Subject) -> float:
    own = [m for m in subject.metrics if (m.data, m.model) == (subject.data, subject.model)]
    # Data without ink in the frame leave that one quantity unknown, which is no fault.
    return sum(metric.value is None for metric in own if metric.quantity != "frame_ink")


def _chance(subject: Subject) -> float | None:
    classes = subject.facts.get("classes")
    return 1 / classes + ABOVE_CHANCE if classes else None


def _fewest_points(subject: Subject) -> float:
    wanted = EMBEDDED_POINTS if subject.facts.get("source") == "embedded" else POINTS
    return float(min(wanted, subject.facts.get("counts", {}).get("test", wanted)))


RULES = (
    Rule(
        name="nothing is missing",
        quantity="",
        value=_missing,
        relation="at most",
        threshold=fixed(0),
        guards_against="a number that is no number, or a measure that could not be taken",
        why="every measure of a sound model exists",
        concerns=lambda subject: "_vs_" not in subject.model,
    ),
    Rule(
        name="training and test images differ",
        quantity="test_images_in_train",
        relation="at most",
        threshold=fixed(0),
        guards_against="a leaking split",
        why="neither MNIST nor the Frey faces hold an image twice across these splits",
        concerns=lambda subject: True,
    ),
    Rule(
        name="training stayed finite",
        quantity="nonfinite_epochs",
        relation="at most",
        threshold=fixed(0),
        guards_against="a training that diverged",
        why="a loss that is infinite or no number once has spoiled the weights",
    ),
    Rule(
        name="error below the mean image's",
        quantity="test_mse",
        relation="below",
        threshold=each(lambda error: MEAN_IMAGE_SHARE * error, the("test_mse", "mean_image")),
        guards_against="a decoder that is stuck at one picture",
        why=f"one picture for all images cannot do better than their mean; {MEAN_IMAGE_SHARE:g} of its error is asked",
    ),
    Rule(
        name="error below that of principal components",
        quantity="test_mse",
        relation="below",
        threshold=_principal_components_error,
        guards_against="a model that learned less than a linear one",
        why="principal components are the best linear code of the same size, and need no training",
        exempts=_spared_principal_components,
    ),
    Rule(
        name="outputs vary",
        quantity="output_variance",
        value=each(_share, the("output_variance"), the("input_variance")),
        relation="above",
        threshold=fixed(VARIANCE_SHARE),
        guards_against="a decoder that ignores its code",
        why="as a share of the input's variance: 0 for a constant output, 0.3 and more for the models here",
    ),
    Rule(
        name="ink in the frame",
        quantity="frame_ink",
        relation="above",
        threshold=fixed(FRAME_INK),
        guards_against="an architecture that cannot draw in the outer three pixels",
        why="exactly 0 where zeros are padded after the last convolution; 0.04 for the mean of the digits",
    ),
    Rule(
        name="no infinite PSNR between the ends",
        quantity="interpolation_psnr_mean",
        value=_infinities_inside,
        relation="at most",
        threshold=fixed(0),
        guards_against="a collapsed decoder, whose two paths cannot differ",
        why="only at α = 0 and 1 are the two paths one",
    ),
    Rule(
        name="penalty agrees with the exact Jacobian",
        quantity="jacobian_estimate_z",
        value=size_of("jacobian_estimate_z"),
        relation="at most",
        threshold=fixed(STANDARD_ERRORS),
        guards_against="a biased estimate of the norm that is penalised",
        why="in standard errors; an unbiased estimate passes 997 times in 1,000",
    ),
    Rule(
        name="training penalises the encoder's Jacobian",
        quantity="penalised_norm_z",
        value=size_of("penalised_norm_z"),
        relation="at most",
        threshold=fixed(STANDARD_ERRORS),
        guards_against="a contractive penalty on another map than the encoder",
        why="in standard errors of the penalty that the training computes, from the exact Jacobian of the encoder",
    ),
    Rule(
        name="contraction ratio below the plain model's",
        quantity="contraction_ratio",
        relation="below",
        threshold=the("contraction_ratio", PLAIN),
        guards_against="a penalty that is met by shrinking the code",
        why="ρ knows no scale; the penalty has an effect only if it fell",
        concerns=lambda subject: subject.model.startswith("contractive"),
    ),
    Rule(
        name="probe converged",
        quantity="probe_iterations",
        relation="below",
        threshold=the("probe_iteration_limit"),
        guards_against="an accuracy of a classifier that was stopped early",
        why="the limit of the optimiser",
    ),
    Rule(
        name="SVM converged",
        quantity="svm_converged",
        relation="at least",
        threshold=fixed(1),
        guards_against="an accuracy of a classifier that was stopped early",
        why="1 where the gradient vanished before the limit of the optimiser",
    ),
    Rule(
        name="probe beats the untrained encoder's",
        quantity="probe_accuracy",
        relation="above",
        threshold=the("probe_accuracy", UNTRAINED),
        guards_against="codes that owe their accuracy to the architecture alone",
        why="the same network with random weights",
    ),
    Rule(
        name="shuffled labels give chance",
        quantity="probe_shuffled_accuracy",
        relation="below",
        threshold=_chance,
        guards_against="labels that leak past the codes",
        why=f"chance plus {ABOVE_CHANCE:g}, several times the error of the mean over shuffles",
    ),
    Rule(
        name="map shows enough points",
        quantity="points",
        relation="at least",
        threshold=_fewest_points,
        guards_against="clusters that are an accident of few points",
        why=f"{POINTS:,}, or {EMBEDDED_POINTS:,} of embedded images, or the whole test split where it is smaller",
    ),
    Rule(
        name="map ran long enough",
        quantity="tsne_iterations",
        relation="at least",
        threshold=fixed(ITERATIONS),
        guards_against="a map that was stopped while it still changed",
        why="250 iterations of early exaggeration and twice as many after them",
    ),
    Rule(
        name="divergence matches its closed form",
        quantity="kl_difference",
        value=size_of("kl_difference"),
        relation="at most",
        threshold=fixed(NATS),
        guards_against="a divergence that is averaged over dimensions, or has another factor than stated",
        why="in nats; rounding alone leaves 0.00001",
    ),
    Rule(
        name="reconstruction matches its closed form",
        quantity="reconstruction_difference",
        value=size_of("reconstruction_difference"),
        relation="at most",
        threshold=fixed(NATS),
        guards_against="a reconstruction term that is averaged over pixels, or is another one than stated",
        why="in nats; rounding alone leaves 0.00001",
    ),
    Rule(
        name="bound tightens with more samples",
        quantity="importance_weighted_bound",
        relation="above",
        threshold=each(lambda bound: bound - NATS, the("elbo")),
        guards_against="importance weights of another prior or posterior than the objective's",
        why="it is never below the ELBO but for chance, for which 0.05 nats are spared",
    ),
    Rule(
        name="pixels are uncertain",
        quantity="decoder_deviation",
        relation="above",
        threshold=fixed(GREY_LEVEL),
        guards_against="a Gaussian decoder whose density grows without bound on images that it has by heart",
        why="the standard deviation that all pixels share; one of 256 grey levels is 0.0039",
    ),
    Rule(
        name="code is sparse",
        quantity="active_share",
        relation="below",
        threshold=fixed(ACTIVE_SHARE),
        guards_against="a sparsity penalty without effect",
        why="the share of active units; half of them would be no sparse code",
    ),
    Rule(
        name="samples differ from each other",
        quantity="sample_diversity_share",
        relation="above",
        threshold=fixed(DIVERSITY_SHARE),
        guards_against="a decoder that draws one face again and again",
        why="the samples' diversity as a share of the test faces'; 0.67 for the real faces here",
    ),
    Rule(
        name="code is used",
        quantity="active_units",
        relation="at least",
        threshold=fixed(1),
        guards_against="posterior collapse",
        why="without an active unit all codes are draws from the prior",
    ),
)
