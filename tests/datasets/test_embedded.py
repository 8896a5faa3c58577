from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from latentpress.datasets import drawn_faces, embedded_digits
from latentpress.datasets.content import DataSet
from latentpress.engine.stage import Result


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return embedded_digits.load({})


@pytest.fixture(scope="module")
def faces() -> DataSet:
    return drawn_faces.load({})


@pytest.mark.parametrize("data", ["mnist", "frey"])
def test_prepare_makes_a_sound_artifact(
    make: Callable[..., Result], assert_sound: Callable[[Result], None], data: str
) -> None:
    result = make(data, "embedded", limit={"train": 100, "validation": 20, "test": 30})
    assert_sound(result)
    assert result.values["facts"]["counts"] == {"train": 100, "validation": 20, "test": 30}
    assert result.values["facts"]["source"] == "embedded"


def test_no_original_digit_is_in_two_splits(digits: DataSet) -> None:
    originals = [set(digits.origins[name].tolist()) for name in ("train", "validation", "test")]
    assert sum(map(len, originals)) == len(set.union(*originals)) == 1797
    assert {name: len(images) for name, images in digits.images.items()} == {
        "train": 9000,
        "validation": 1000,
        "test": 2000,
    }


def test_every_original_digit_is_drawn_about_equally_often(digits: DataSet) -> None:
    for numbers in digits.origins.values():
        _, counts = np.unique(numbers, return_counts=True)
        assert set(counts.tolist()) <= {6, 7}


def test_drawn_digits_still_show_their_class(digits: DataSet) -> None:
    """The nearest class mean of the training images recognises most test images."""
    flat = {name: images.reshape(len(images), -1) / 255 for name, images in digits.images.items()}
    means = np.stack([flat["train"][digits.labels["train"] == label].mean(axis=0) for label in range(10)])
    distances = ((flat["test"][:, None] - means) ** 2).sum(axis=2)
    assert (distances.argmin(axis=1) == digits.labels["test"]).mean() > 0.8


def test_drawn_digits_lie_in_the_image_as_mnist_does(digits: DataSet) -> None:
    images = digits.images["train"][:500, ..., 0].astype(float)
    assert 0.1 < images.mean() / 255 < 0.25
    centres = np.array([ndimage.center_of_mass(image) for image in images])
    np.testing.assert_allclose(centres.mean(axis=0), 13.5, atol=0.7)
    # The margin is nearly empty, but not so empty that a decoder could leave it out.
    margin = np.ones((28, 28), bool)
    margin[3:-3, 3:-3] = False
    assert 0 < images[:, margin].mean() / images.mean() < 0.15


def test_variants_of_one_digit_differ(digits: DataSet) -> None:
    first = digits.origins["train"] == digits.origins["train"][0]
    variants = digits.images["train"][first].reshape(first.sum(), -1)
    assert len(np.unique(variants, axis=0)) == first.sum()


@pytest.mark.parametrize("module", [embedded_digits, drawn_faces])
def test_the_same_bytes_come_out_every_time(module: object, digits: DataSet, faces: DataSet) -> None:
    first = digits if module is embedded_digits else faces
    second = module.load({})  # type: ignore[attr-defined]
    for name, images in first.images.items():
        np.testing.assert_array_equal(images, second.images[name])


def test_faces_are_as_many_and_as_large_as_the_frey_faces(faces: DataSet) -> None:
    assert sum(map(len, faces.images.values())) + faces.facts["dropped"] == 1965
    assert faces.images["test"].shape[1:] == (28, 20, 1)
    for name, factors in faces.factors.items():
        assert factors.dtype == np.float32 and factors.shape == (len(faces.images[name]), 4)


def test_paths_are_smooth_and_fill_their_ranges() -> None:
    paths = drawn_faces.paths(1965, np.random.default_rng(0))
    low, high = np.array([-1, -1, 0, -1]), np.array([1, 1, 1, 1])
    assert (paths >= low).all() and (paths <= high).all()
    assert (np.ptp(paths, axis=0) > 0.9 * (high - low)).all()
    slow = [0, 1, 3]  # the eyes blink
    assert np.abs(np.diff(paths[:, slow], axis=0)).max() < 0.35


def test_frames_depend_on_nothing_but_their_factors() -> None:
    factors = drawn_faces.paths(130, np.random.default_rng(3))
    np.testing.assert_array_equal(drawn_faces.draw(factors)[100:], drawn_faces.draw(factors[100:]))


@pytest.mark.parametrize(
    ("factor", "rows", "columns"),
    [("pose", (0, 24), (0, 20)), ("smile", (17, 24), (3, 17)), ("eyes", (7, 14), (2, 18)), ("light", (4, 24), (2, 18))],
)
def test_each_factor_changes_the_part_of_the_face_that_it_should(
    factor: str, rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    low, high = np.array([0, 0, 0.8, 0.0]), np.array([0, 0, 0.8, 0.0])
    position = drawn_faces.FACTORS.index(factor)
    low[position], high[position] = (0.0, 1.0) if factor == "eyes" else (-1.0, 1.0)
    first, second = drawn_faces.draw(np.stack([low, high]))[..., 0].astype(float)
    change = np.abs(first - second)
    inside = change[slice(*rows), slice(*columns)]
    assert inside.max() > 60
    assert inside.sum() > 0.6 * change.sum()


def test_a_frontal_face_is_symmetric_and_a_turned_one_is_mirrored() -> None:
    left, front, right = drawn_faces.draw(np.array([[-0.7, 0.3, 0.8, -0.5], [0, 0.3, 0.8, 0], [0.7, 0.3, 0.8, 0.5]]))[
        ..., 0
    ]
    features = slice(2, 18)  # the wall behind the head is not symmetric
    assert np.abs(front - front[:, ::-1].astype(float))[:, features].max() <= 3
    assert np.abs(left - right[:, ::-1].astype(float))[:, features].max() <= 3
