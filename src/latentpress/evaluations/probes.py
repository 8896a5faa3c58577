"""Linear classifiers on codes: what a representation makes easy to read."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from latentpress.statistics import wilson

MOST_ITERATIONS = 1000
_GRADIENT_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Fitted:
    """A classifier after its training, as far as a report needs it.

    Attributes:
        predicted: the class of each test code, int64 (n,).
        iterations: that the optimiser took.
        converged: whether it stopped because it had arrived; the accuracy of one that had not means nothing. A
            classifier of one class only never sets out.
        weights: of logistic regression, ``coefficients`` (classes, code), ``intercepts`` (classes,) and ``classes``.
    """

    predicted: np.ndarray
    iterations: int
    converged: bool
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)

    def accuracy(self, labels: np.ndarray) -> dict[str, float | None]:
        """Share of right predictions with Wilson's interval, as the fields of a metric.

        Nothing is known of it where the fit did not converge.
        """
        if not self.converged:
            return {"value": None}
        return wilson(int(np.sum(self.predicted == labels)), len(labels)).fields


def standardise(train: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Give every code dimension mean 0 and variance 1 on the training codes alone.

    Args:
        train: (n, code); a dimension that never varies becomes 0 everywhere in it.
        others: codes to be scaled by the same means and deviations.

    Returns:
        The scaled training codes, then the others, float32.
    """
    mean, scale = standardisation(train)
    return [((codes - mean) / scale).astype(np.float32) for codes in (train, *others)]


def standardisation(train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What `standardise` takes away from each code dimension, and what it divides it by: float64 (code,) each."""
    mean = train.mean(axis=0, dtype=np.float64)
    deviation = train.std(axis=0, dtype=np.float64)
    # Rounding leaves a constant dimension a deviation that is tiny rather than 0.
    return mean, np.where(deviation > 1e-6 * (1e-6 + np.abs(mean)), deviation, 1.0)


def logistic_regression(
    codes: np.ndarray,
    labels: np.ndarray,
    test_codes: np.ndarray,
    most_iterations: int = MOST_ITERATIONS,
    inverse_penalty: float = 1.0,
    start: Fitted | None = None,
) -> Fitted:
    """Multinomial logistic regression (L2 penalty, L-BFGS).

    Args:
        codes: standardised training codes (n, code).
        labels: their classes (n,); with fewer than two different ones there is nothing to fit.
        test_codes: standardised (m, code).
        most_iterations: the limit; a fit that meets it has not converged.
        inverse_penalty: scikit-learn's C, the weight of the data against the penalty.
        start: a fit from whose weights this one sets out, if it is of the same classes; from zero otherwise.
    """
    if len(np.unique(labels)) < 2:
        return _unfitted(labels, test_codes)
    model = LogisticRegression(C=inverse_penalty, max_iter=most_iterations, warm_start=True)
    if start is not None and np.array_equal(start.weights.get("classes", []), np.unique(labels)):
        # scikit-learn keeps the weights of the second of two classes only, as the difference to those of the first.
        kept = slice(1, None) if len(start.weights["classes"]) == 2 else slice(None)
        model.coef_, model.intercept_ = start.weights["coefficients"][kept], start.weights["intercepts"][kept]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(codes, labels)
    converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    two = len(model.classes_) == 2  # of these scikit-learn keeps the second one's weights; the first one's are 0
    coefficients, intercepts = (
        np.concatenate([np.zeros_like(part), part]) if two else part for part in (model.coef_, model.intercept_)
    )
    weights = {"coefficients": coefficients, "intercepts": intercepts, "classes": model.classes_}
    return Fitted(model.predict(test_codes), int(model.n_iter_.max()), converged, weights)


def validated_regression(
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    test_codes: np.ndarray,
    inverse_penalties: Sequence[float],
    most_iterations: int = MOST_ITERATIONS,
) -> tuple[Fitted, float]:
    """Logistic regression whose penalty is chosen on held-out images; the test split has no say.

    The validation split alone is too small to tell penalties apart whose accuracies differ by 0.002, so a fifth of the
    training images is held out with it. Once it is chosen, nothing is left to validate, and the fit is to all images
    of both splits.

    Args:
        train, validation: standardised codes (n, code) and classes (n,).
        test_codes: standardised (m, code).
        inverse_penalties: values of C to choose among; of equals the first wins.
        most_iterations: as in `logistic_regression`.

    Returns:
        The fit to both splits as seen on the test codes, and the C that was chosen.
    """
    (codes, labels), kept = train, len(train[0]) - len(train[0]) // 5
    held_out = np.concatenate([codes[kept:], validation[0]])
    truth = np.concatenate([labels[kept:], validation[1]])
    fits: list[Fitted] = []
    for value in inverse_penalties:
        # Each sets out from the one before, which takes a third off the time.
        near = fits[-1] if fits else None
        fits.append(logistic_regression(codes[:kept], labels[:kept], held_out, most_iterations, value, near))
    right = [int(np.sum(fit.predicted == truth)) if fit.converged else -1 for fit in fits]
    best = int(np.argmax(right))
    chosen = inverse_penalties[best]
    both = together(train, validation)
    return logistic_regression(*both, test_codes, most_iterations, chosen, fits[best]), chosen


def together(*splits: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Codes and classes of several splits as those of one."""
    codes, labels = zip(*splits, strict=True)
    return np.concatenate(codes), np.concatenate(labels)


def linear_svm(
    codes: np.ndarray, labels: np.ndarray, test_codes: np.ndarray, most_iterations: int = MOST_ITERATIONS
) -> Fitted:
    r"""Linear support vector machines, one class against the rest.

    The problem is that of scikit-learn's ``LinearSVC`` with C = 1 (squared hinge loss, bias penalised),

    .. math:: \tfrac12\lVert w_k\rVert^2 + \sum_i \max(0, 1 - t_{ik}\,w_k^\top x_i)^2, \qquad t_{ik} = \pm 1,

    solved for all classes at once by L-BFGS, which is ten times faster here than coordinate descent.

    Args:
        codes, labels, test_codes, most_iterations: as in `logistic_regression`.
    """
    classes = np.unique(labels)
    if len(classes) < 2:
        return _unfitted(labels, test_codes)
    inputs = _with_bias(codes)
    targets = np.where(labels[:, None] == classes, np.float32(1), np.float32(-1))
    shape = (inputs.shape[1], len(classes))

    def loss_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape).astype(np.float32)
        margins = np.maximum(1 - targets * (inputs @ weights), 0)
        loss = 0.5 * flat @ flat + np.sum(margins**2, dtype=np.float64)
        gradient = flat - 2 * (inputs.T @ (margins * targets)).ravel()
        # Per image, so that one tolerance serves data sets of every size.
        return float(loss / len(inputs)), gradient / len(inputs)

    found = minimize(
        loss_and_gradient,
        np.zeros(shape[0] * shape[1]),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": most_iterations,
            "maxfun": 2 * most_iterations,
            "gtol": _GRADIENT_TOLERANCE,
            "ftol": 0,
        },
    )
    scores = _with_bias(test_codes) @ found.x.reshape(shape)
    arrived = bool(np.abs(found.jac).max() <= _GRADIENT_TOLERANCE)
    return Fitted(classes[np.argmax(scores, axis=1)], int(found.nit), arrived)


def _unfitted(labels: np.ndarray, test_codes: np.ndarray) -> Fitted:
    return Fitted(np.full(len(test_codes), labels[0]), 0, False)


def _with_bias(codes: np.ndarray) -> np.ndarray:
    return np.hstack([codes, np.ones((len(codes), 1), codes.dtype)])
