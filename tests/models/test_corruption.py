"""The corruption of the encoder's input: what it does in training, and that it does nothing otherwise."""

import keras
import numpy as np
import pytest

from latentpress.models.corruption import Distortion, affine_maps, make_corruption, noisy_images
from latentpress.models.settings import TrainingSettings


def blobs(count=6):
    images = np.zeros((count, 28, 28, 1), "float32")
    images[:, 10:14, 12:20] = 1.0
    return images


def centre(image):
    rows, columns = np.indices(image.shape[:2])
    ink = image[..., 0]
    return np.array([(columns * ink).sum(), (rows * ink).sum()]) / ink.sum()


def transformed(angle=0.0, scale=1.0, shift=(0.0, 0.0)):
    maps = affine_maps(
        *(keras.ops.convert_to_tensor(np.array([value], "float32")) for value in (angle, scale)),
        keras.ops.convert_to_tensor(np.array([shift], "float32")),
        height=28,
        width=28,
    )
    return np.asarray(keras.ops.image.affine_transform(blobs(1), maps, interpolation="bilinear"))[0]


def test_no_amount_leaves_an_image_as_it_is():
    assert transformed() == pytest.approx(blobs(1)[0], abs=1e-6)


def test_a_shift_moves_the_ink_by_that_many_pixels_the_other_way():
    assert centre(transformed(shift=(2.0, -1.0))) == pytest.approx(
        centre(blobs(1)[0]) + np.array([-2.0, 1.0]), abs=1e-4
    )


def test_a_scale_above_one_shrinks_about_the_centre():
    smaller, whole = transformed(scale=1.25), blobs(1)[0]
    assert smaller.sum() == pytest.approx(whole.sum() / 1.25**2, rel=0.05)
    middle = np.array([13.5, 13.5])
    assert centre(smaller) - middle == pytest.approx((centre(whole) - middle) / 1.25, abs=0.05)


def test_half_a_turn_takes_every_pixel_to_the_opposite_one():
    assert transformed(angle=np.pi) == pytest.approx(blobs(1)[0][::-1, ::-1], abs=1e-4)


def test_each_image_is_distorted_in_its_own_way_and_only_in_training():
    layer = Distortion(shift=2.0, scale=0.1, rotation=10.0, seed=1)
    images = blobs()
    distorted = np.asarray(layer(images, training=True))
    assert np.array_equal(np.asarray(layer(images, training=False)), images)
    places = np.stack([centre(image) for image in distorted])
    assert len({tuple(place.round(3)) for place in places}) == len(images)
    assert np.abs(places - centre(images[0])).max() < 2.0 + 0.35 * 6.0  # the shift, and what turning and scaling add


def test_the_same_seed_distorts_in_the_same_way():
    first, second = (np.asarray(Distortion(2.0, 0.1, 0.0, seed=4)(blobs(), training=True)) for _ in range(2))
    other = np.asarray(Distortion(2.0, 0.1, 0.0, seed=5)(blobs(), training=True))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, None),
        ({"input_noise": 0.1}, "input_noise"),
        ({"input_shift": 1.0}, "distortion"),
        ({"input_rotation": 5.0, "input_noise": 0.1}, "corruption"),
    ],
)
def test_settings_choose_the_corruption(settings, name):
    made = make_corruption(TrainingSettings(**settings), seed=0)
    assert (made.name if made is not None else None) == name


def test_noise_of_a_strength_drawn_for_each_image_is_clipped_where_that_is_asked_for():
    settings = TrainingSettings(input_noise=0.4, input_noise_from=0.1, input_clip=True)
    layer = make_corruption(settings, seed=1)
    grey = np.full((200, 12, 12, 3), 0.5, "float32")
    noisy = np.asarray(layer(grey, training=True))
    assert noisy.min() == 0 and noisy.max() == 1
    unclipped = make_corruption(settings.model_copy(update={"input_clip": False}), seed=1)
    deviations = np.asarray(unclipped(grey, training=True)).std(axis=(1, 2, 3))
    assert 0.08 < deviations.min() < 0.15
    assert 0.35 < deviations.max() < 0.45
    assert np.array_equal(np.asarray(layer(grey, training=False)), grey)


def test_validation_images_get_such_noise_once_and_for_all():
    settings = TrainingSettings(input_noise=0.3, input_noise_from=0.0, input_clip=True)
    grey = np.full((50, 12, 12, 3), 0.5, "float32")
    noisy = noisy_images(grey, settings, seed=4)
    assert np.array_equal(noisy, noisy_images(grey, settings, seed=4))
    assert not np.array_equal(noisy, noisy_images(grey, settings, seed=5))
    assert noisy.dtype == np.float32 and noisy.min() >= 0 and noisy.max() <= 1
    assert noisy.std(axis=(1, 2, 3)).min() < 0.05 < 0.2 < noisy.std(axis=(1, 2, 3)).max()
    fixed = noisy_images(grey, TrainingSettings(input_noise=0.1), seed=4)
    assert fixed.std(axis=(1, 2, 3)) == pytest.approx(np.full(50, 0.1), rel=0.2)


def test_without_noise_validation_images_are_as_they_are():
    images = blobs()
    assert noisy_images(images, TrainingSettings(input_shift=2.0, input_clip=True), seed=0) is images
