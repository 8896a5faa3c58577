"""Whether the probe's probabilities mean what they say: of the answers given with 0.9, nine in ten should be right."""

from __future__ import annotations

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.errors import DataError, SettingsError
from latentpress.evaluations.linear_probe import read_probe
from latentpress.evaluations.pairing import ITEMS
from latentpress.evaluations.subject import deliver, metric_of, read_split
from latentpress.statistics import CONFIDENCE, Interval, bootstrap_mean, wilson

SCOPE = "model"
NEEDS = ("data", "codes", "classification")
SETTINGS = {"bins": 15}  # as many as Guo et al. have
SECONDS = 3.0
BACKEND = False
TITLE = "Calibration"
FIGURES = False

DRAWS = 1000
BINS = "bins"
"""Name of the arrays of the bins that hold an answer: ``confidence``, ``accuracy``, ``low``, ``high``, ``images``."""


def measure(task: Task) -> Result:
    """Expected calibration error, log loss and Brier score of the probe on the test codes.

    Raises:
        SettingsError: there is no bin.
        DataError: the test images have no classes.
    """
    count = task.settings["evaluation"]["bins"]
    if count < 1:
        raise SettingsError(
            f'evaluation "calibration": bins: found {count}, expected at least 1',
            "Correct the number of bins in report.toml.",
        )
    labels = read_split(task, "test").labels
    if labels is None:
        raise DataError(
            f'the data set "{task.settings["data"]}" has no classes; calibration needs them',
            "Take the evaluation out of this section, or choose a data set with labels.",
        )
    metric = metric_of(task)
    probe = read_probe(task.inputs["classification"])
    if probe is None:
        return deliver([metric(quantity, None) for quantity in QUANTITIES])

    logarithms = probe.log_probabilities(task.inputs["codes"].arrays("codes")["test"])
    confidence = np.exp(logarithms.max(axis=1))
    right = probe.classes[np.argmax(logarithms, axis=1)] == labels
    truth = labels[:, None] == probe.classes
    # Of a class that it never saw, the probe gives no probability to be scored.
    known = truth.any(axis=1)
    losses = np.where(known, -np.sum(logarithms, axis=1, where=truth), np.nan)
    scores = np.where(known, np.sum((np.exp(logarithms) - truth) ** 2, axis=1), np.nan)
    bins = bins_of(confidence, count)
    error = calibration_error(confidence, right, bins)
    expected = errors_if_calibrated(confidence, bins)
    result = deliver(
        [
            metric("probe_calibration_error", **error.fields),
            metric("probe_calibration_error_by_chance", float(expected.mean())),
            metric("probe_calibration_p", (1 + int(np.sum(expected >= error.value))) / (1 + len(expected))),
            metric("probe_overconfidence", **bootstrap_mean(confidence - right).fields),
            metric("probe_log_loss", **mean_if_known(losses), unit="nats"),
            metric("probe_brier_score", **mean_if_known(scores)),
        ]
    )
    result.arrays |= {ITEMS: {"probe_log_loss": losses, "probe_brier_score": scores}}
    result.arrays |= {BINS: reliability(confidence, right, bins)}
    return result


QUANTITIES = (
    "probe_calibration_error",
    "probe_calibration_error_by_chance",
    "probe_calibration_p",
    "probe_overconfidence",
    "probe_log_loss",
    "probe_brier_score",
)


def mean_if_known(scores: np.ndarray) -> dict[str, float | None]:
    """Mean with its bootstrap interval as the fields of a metric; None where the score of an image is unknown."""
    return {"value": None} if np.isnan(scores).any() else bootstrap_mean(scores).fields


def bins_of(confidence: np.ndarray, count: int) -> np.ndarray:
    """The bin of each probability in (0, 1] among bins of equal width, each with its upper end: int64 (n,)."""
    return np.asarray(np.clip(np.ceil(confidence * count).astype(np.int64) - 1, 0, count - 1))


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: np.ndarray) -> Interval:
    r"""Expected calibration error of the likeliest classes (Guo et al., ICML 2017), with its bootstrap interval.

    .. math:: \sum_b \frac{n_b}{n} \lvert \mathrm{acc}_b - \mathrm{conf}_b \rvert
              = \frac1n \sum_b \Bigl\lvert \sum_{i \in b} (r_i - p_i) \Bigr\rvert

    Resampling adds to this sum of absolute values what sampling has added already. So the resamples are moved to have
    the estimate as their mean, and their percentiles are taken then, from 0 on.

    Args:
        confidence: the probability p of the class that was answered, (n,).
        right: whether the answer was right, bool (n,).
        bins: the bin of each answer, (n,).
    """
    gaps = right - confidence
    value = _error(bins, gaps)
    generator = np.random.default_rng(0)
    drawn = []
    for _ in range(DRAWS):
        chosen = generator.integers(0, len(gaps), len(gaps))
        drawn.append(_error(bins[chosen], gaps[chosen]))
    centred = np.array(drawn) - np.mean(drawn) + value
    low, high = np.quantile(centred, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(value, min(max(float(low), 0.0), value), max(float(high), value))


def errors_if_calibrated(confidence: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """Calibration errors that chance gives a calibrated probe with the same probabilities, (draws,).

    Each answer is right with the probability that it was given (consistency resampling: Bröcker & Smith, Weather and
    Forecasting 22(3), 2007).

    Args:
        confidence, bins: as in `calibration_error`.
    """
    generator = np.random.default_rng(1)
    return np.array([_error(bins, (generator.random(len(confidence)) < confidence) - confidence) for _ in range(DRAWS)])


def _error(bins: np.ndarray, gaps: np.ndarray) -> float:
    return float(np.abs(np.bincount(bins, gaps)).sum() / len(gaps))


def reliability(confidence: np.ndarray, right: np.ndarray, bins: np.ndarray) -> dict[str, np.ndarray]:
    """Mean confidence, accuracy with Wilson's interval and number of images of each bin that holds any."""
    held = np.unique(bins)
    shares = [wilson(int(right[bins == index].sum()), int(np.sum(bins == index))) for index in held]
    return {
        "confidence": np.array([confidence[bins == index].mean() for index in held], dtype=np.float64),
        "accuracy": np.array([share.value for share in shares]),
        "low": np.array([share.low for share in shares], dtype=np.float64),
        "high": np.array([share.high for share in shares], dtype=np.float64),
        "images": np.array([np.sum(bins == index) for index in held]),
    }
