"""Linear classifiers against scikit-learn's own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from latentpress.evaluations.probes import Fitted, linear_svm, logistic_regression, standardise, validated_regression


@pytest.fixture
def clouds() -> tuple[np.ndarray, np.ndarray]:
    """Three overlapping classes in five dimensions, labelled 2, 5 and 7."""
    generator = np.random.default_rng(0)
    labels = np.array([2, 5, 7])[np.arange(300) % 3]
    codes = generator.normal(size=(300, 5)) + generator.normal(0, 1.2, size=(8, 5))[labels]
    return codes.astype(np.float32), labels


def test_codes_are_standardised_by_the_training_split_alone() -> None:
    generator = np.random.default_rng(0)
    train, test = generator.normal(5, 3, (200, 4)), generator.normal(9, 1, (50, 4))
    scaled, scaled_test = standardise(train, test)
    assert scaled.mean(axis=0) == pytest.approx(np.zeros(4), abs=1e-6)
    assert scaled.std(axis=0) == pytest.approx(np.ones(4), abs=1e-5)
    assert scaled_test == pytest.approx((test - train.mean(axis=0)) / train.std(axis=0), abs=1e-5)


@pytest.mark.parametrize("constant", [0.0, 0.3, 1e4])
def test_a_dimension_that_never_varies_is_not_blown_up(constant: float) -> None:
    train = np.full((1000, 2), constant, dtype=np.float32)
    train[:, 1] = np.arange(1000)
    scaled, other = standardise(train, train[:3])
    assert np.abs(scaled[:, 0]).max() < 1e-2
    assert np.isfinite(other).all()


def test_the_svm_solves_the_problem_of_linear_svc(clouds: tuple[np.ndarray, np.ndarray]) -> None:
    codes, labels = clouds
    points = np.random.default_rng(1).normal(0, 2, (2000, 5)).astype(np.float32)
    reference = LinearSVC(dual=False, tol=1e-8).fit(codes.astype(np.float64), labels)
    fitted = linear_svm(codes, labels, points)
    assert fitted.converged
    # The two optimisers may part only at points on a border between two classes.
    assert np.mean(fitted.predicted == reference.predict(points)) > 0.998


@pytest.mark.parametrize("fit", [logistic_regression, linear_svm])
def test_separable_classes_are_told_apart(fit: object) -> None:
    codes = np.repeat(np.eye(3, dtype=np.float32) * 4, 20, axis=0)
    labels = np.repeat([0, 1, 2], 20)
    fitted = fit(codes, labels, codes)  # type: ignore[operator]
    assert fitted.converged
    assert fitted.accuracy(labels)["value"] == 1.0


@pytest.mark.parametrize("fit", [logistic_regression, linear_svm])
def test_a_fit_that_meets_its_limit_gives_no_accuracy(fit: object, clouds: tuple[np.ndarray, np.ndarray]) -> None:
    codes, labels = clouds
    fitted = fit(codes, labels, codes, most_iterations=2)  # type: ignore[operator]
    assert not fitted.converged
    assert fitted.iterations == 2
    assert fitted.accuracy(labels) == {"value": None}


@pytest.mark.parametrize("classes", [2, 3])
def test_a_fit_that_sets_out_from_another_arrives_at_the_same_weights_sooner(classes: int) -> None:
    generator = np.random.default_rng(6)
    labels = generator.integers(0, classes, 500) + 4
    codes = generator.normal(size=(500, 12)).astype(np.float32) + np.eye(classes, 12, dtype=np.float32)[labels - 4]
    near = logistic_regression(codes[:400], labels[:400], codes)
    from_zero, from_near = (logistic_regression(codes, labels, codes, start=start) for start in (None, near))
    assert from_near.iterations < from_zero.iterations
    for name in ("coefficients", "intercepts"):
        assert from_near.weights[name] == pytest.approx(from_zero.weights[name], abs=5e-3)


def test_a_start_with_other_classes_is_left_aside() -> None:
    codes = np.random.default_rng(7).normal(size=(90, 4)).astype(np.float32)
    start = logistic_regression(codes, np.arange(90) % 3, codes)
    found, alone = (logistic_regression(codes, np.arange(90) % 2, codes, start=s) for s in (start, None))
    assert np.array_equal(found.weights["coefficients"], alone.weights["coefficients"])


def test_the_accuracy_has_wilsons_interval() -> None:
    fitted = Fitted(np.array([1, 1, 0, 0]), 5, True)
    fields = fitted.accuracy(np.array([1, 1, 0, 1]))
    assert fields["value"] == 0.75
    assert fields["low"] == pytest.approx(0.3006, abs=1e-4)


def test_the_penalty_is_chosen_on_held_out_images_and_the_fit_is_to_all_but_the_test_split() -> None:
    generator = np.random.default_rng(5)
    labels = generator.integers(0, 2, 400)
    codes = generator.normal(size=(400, 30)).astype(np.float32)
    codes[:, 0] += labels
    train, validation = (codes[:100], labels[:100]), (codes[100:], labels[100:])
    grid = [1e-4, 1e-1, 1000.0]
    right = [
        np.mean(
            logistic_regression(codes[:80], labels[:80], codes[80:], inverse_penalty=value).predicted == labels[80:]
        )
        for value in grid
    ]
    for test_codes in (codes[:7], -codes[:9]):
        fit, chosen = validated_regression(train, validation, test_codes, grid)
        assert chosen == grid[int(np.argmax(right))]
        whole = logistic_regression(codes, labels, test_codes, inverse_penalty=chosen)
        assert np.array_equal(fit.predicted, whole.predicted)
