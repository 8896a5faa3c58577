"""Denoisers that need no network: Gaussian filter, total variation, non-local means, principal components.

Each takes images (n, H, W, C) and one parameter, and gives float32 images of that shape in [0, 1].
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.restoration import denoise_nl_means
from sklearn.decomposition import PCA

TV_ITERATIONS = 40
_TV_BATCH = 32  # images iterated at once: all of their arrays stay in the processor's cache
PATCH, DISTANCE = 5, 4
"""Of non-local means: side of a patch, and how far away others are looked for, in pixels. On digits with noise that is
clipped a distance of 6 takes twice as long and gives no better images."""


def gaussian_filter(images: np.ndarray, deviation: float) -> np.ndarray:
    """Convolution with a Gaussian of a standard deviation in pixels; beyond the border all is black."""
    return _inside(ndimage.gaussian_filter(images, (0, deviation, deviation, 0), mode="constant"))


def total_variation(images: np.ndarray, weight: float, iterations: int = TV_ITERATIONS) -> np.ndarray:
    r"""The image nearby with little total variation, each channel by itself.

    Chambolle's projection (J. Math. Imaging Vis. 20, 2004) towards
    :math:`\min_u \lVert u - f \rVert^2 / 2 + w \sum \lvert \nabla u \rvert`, with as many steps for every image. The
    steps are those of scikit-image's ``denoise_tv_chambolle``, but taken for many images at once, which is several
    times as fast for images as small as these.

    Args:
        images: f.
        weight: w; 0 leaves the images as they are.
        iterations: steps.
    """
    if not weight:
        return _inside(images)
    starts = range(0, len(images), _TV_BATCH)
    return np.concatenate([_chambolle(images[i : i + _TV_BATCH], weight, iterations) for i in starts])


def _chambolle(images: np.ndarray, weight: float, iterations: int) -> np.ndarray:
    given = images.astype(np.float32)
    down, right = np.zeros_like(given), np.zeros_like(given)  # the dual field
    step_down, step_right = np.zeros_like(given), np.zeros_like(given)
    tau = np.float32(0.25)
    restored = given
    for step in range(iterations):
        if step:
            restored = given - down
            restored -= right
            restored[:, 1:] += down[:, :-1]
            restored[:, :, 1:] += right[:, :, :-1]
        np.subtract(restored[:, 1:], restored[:, :-1], out=step_down[:, :-1])
        np.subtract(restored[:, :, 1:], restored[:, :, :-1], out=step_right[:, :, :-1])
        norm = step_down * step_down
        norm += step_right * step_right
        np.sqrt(norm, out=norm)
        norm *= tau / np.float32(weight)
        norm += 1
        for field, gradient in ((down, step_down), (right, step_right)):
            field -= tau * gradient
            field /= norm
    return _inside(restored)


def nonlocal_means(images: np.ndarray, cutoff: float, deviation: float = 0.0) -> np.ndarray:
    """Means of pixels whose neighbourhoods are alike (Buades, Coll and Morel, CVPR 2005), by scikit-image.

    Args:
        images: as above.
        cutoff: how unlike two neighbourhoods may be, scikit-image's h; 0 leaves the images as they are.
        deviation: of the noise, which makes equal neighbourhoods look unlike; 0 where it is not to be reckoned with.
    """
    if not cutoff:
        return _inside(images)
    options = {"patch_size": PATCH, "patch_distance": DISTANCE, "fast_mode": True, "channel_axis": -1}
    found = [denoise_nl_means(image, h=cutoff, sigma=deviation, **options) for image in images]
    return _inside(np.stack(found).reshape(images.shape))  # of one channel it drops the axis


def set_levels(images: np.ndarray, black: float, white: float) -> np.ndarray:
    """The images with one grey level made black and another one white.

    Noise that is clipped makes a black background grey; a filter takes the noise away and leaves the grey.
    """
    if (black, white) == (0.0, 1.0):
        return _inside(images)
    return _inside((images - np.float32(black)) / np.float32(white - black))


class PrincipalComponents:
    """Projection onto the first principal components of clean images, the best linear code of its size.

    Args:
        images: clean ones, (n, H, W, C).
        components: at most so many.
    """

    def __init__(self, images: np.ndarray, components: int) -> None:
        vectors = images.reshape(len(images), -1)
        fitted = PCA(min(components, *vectors.shape), svd_solver="randomized", random_state=0).fit(vectors)
        self.mean = fitted.mean_.astype(np.float32)
        self.axes = fitted.components_.astype(np.float32)

    def restore(self, images: np.ndarray, components: int) -> np.ndarray:
        """The images as the first so many components show them."""
        axes = self.axes[:components]
        vectors = images.reshape(len(images), -1) - self.mean
        return _inside((vectors @ axes.T @ axes + self.mean).reshape(images.shape))


def _inside(images: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(images, 0, 1), dtype=np.float32)
