"""How alike two images are: MSE, PSNR and SSIM of whole batches."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

# The constants of Wang et al., IEEE Transactions on Image Processing 13(4), 2004, section III.
_SIGMA, _RADIUS = 1.5, 5
_C1, _C2 = 0.01**2, 0.03**2
_BATCH = 2000  # images filtered at once; bounds the memory


def mean_squared_error(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Mean squared difference over the pixels of each image: (n, H, W, C) twice to float64 (n,)."""
    difference = images.astype(np.float64) - others
    return np.asarray(np.mean(difference**2, axis=tuple(range(1, images.ndim))))


def psnr(mean_squared_errors: np.ndarray | float) -> np.ndarray:
    """Peak signal-to-noise ratio −10·log₁₀(MSE) in decibels, of images in [0, 1]; infinite at an MSE of 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(-10.0 * np.log10(mean_squared_errors))


def ssim(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Structural similarity of each pair of images, averaged over pixels and channels.

    Gaussian windows of σ = 1.5 and 11 pixels, as in Wang et al. (2004). Windows that reach over the border
    are left out.

    Args:
        images, others: shape (n, H, W, C) in [0, 1], H and W at least 11.

    Returns:
        float64 (n,), 1 for equal images.

    Raises:
        ValueError: the images are smaller than the window.
    """
    if min(images.shape[1:3]) <= 2 * _RADIUS:
        raise ValueError(f"SSIM needs images of at least 11×11 pixels; found shape {images.shape}")
    starts = range(0, len(images), _BATCH)
    return np.concatenate([_ssim(images[i : i + _BATCH], others[i : i + _BATCH]) for i in starts])


def _ssim(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    var_x = _window_mean(x * x) - mean_x**2
    var_y = _window_mean(y * y) - mean_y**2
    covariance = _window_mean(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    structure = (2 * covariance + _C2) / (var_x + var_y + _C2)
    return np.asarray(np.mean(luminance * structure, axis=(1, 2, 3), dtype=np.float64))


def _window_mean(values: np.ndarray) -> np.ndarray:
    blurred = gaussian_filter(values, (0, _SIGMA, _SIGMA, 0), radius=(0, _RADIUS, _RADIUS, 0))
    return np.asarray(blurred[:, _RADIUS:-_RADIUS, _RADIUS:-_RADIUS])
