"""The parameters of denoisers that need no network: what is tried, and what is best on validation images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from latentpress.evaluations import denoisers, image_quality

# Parameters that are tried. A multiple is of the deviation that the corruption causes; 0 leaves the images alone.
GAUSSIAN = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0)
VARIATION = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.3, 1.7, 2.5, 4.0)
CUTOFFS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
COMPONENTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
# Grey levels that are made black or white.
BLACK = (0.0, 0.03, 0.06, 0.09, 0.12, 0.15, 0.18, 0.22, 0.26, 0.3, 0.35, 0.4, 0.5)
WHITE = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
LEAST_RANGE = 0.1  # between black and white
NEAR = 2  # steps of the grid to either side of the best value that are tried again with its levels


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a control's parameter, and the grey levels that are made black and white after it."""

    value: float
    black: float = 0.0
    white: float = 1.0


@dataclass(frozen=True, slots=True)
class Control:
    """One control for one corruption.

    Attributes:
        name: of the model in metrics.
        parameter: what is tuned, in words.
        grid: the values that are tried, ascending.
        restore: images and such a value to images.
    """

    name: str
    parameter: str
    grid: Sequence[float]
    restore: Callable[[np.ndarray, float], np.ndarray]

    def apply(self, images: np.ndarray, choice: Choice) -> np.ndarray:
        """The images restored: (n, H, W, C) to float32 in [0, 1]."""
        return denoisers.set_levels(self.restore(images, choice.value), choice.black, choice.white)


@dataclass(frozen=True, slots=True)
class Tuned:
    """What was best on the validation images.

    Attributes:
        choice: the parameters.
        score: the mean over the validation images.
    """

    choice: Choice
    score: float


def controls(deviation: float, components: denoisers.PrincipalComponents, most: int) -> list[Control]:
    """The controls and what is tried of each.

    Args:
        deviation: standard deviation of what a corruption changes, over all pixels; of clipped noise it is less than
            that of the noise, since most pixels are black.
        components: of clean images.
        most: components that a code may have, and the number in the control's name.
    """
    counts = [*(count for count in COMPONENTS if count < most), most]
    return [
        Control("gaussian_filter", "deviation in pixels", GAUSSIAN, denoisers.gaussian_filter),
        Control("total_variation", "weight", _multiples(VARIATION, deviation), denoisers.total_variation),
        Control(
            "nonlocal_means",
            "cut-off",
            _multiples(CUTOFFS, deviation),
            lambda images, cutoff: denoisers.nonlocal_means(images, cutoff, deviation),
        ),
        Control(f"pca_{most}", "components", counts, lambda images, count: components.restore(images, int(count))),
    ]


def _multiples(factors: Sequence[float], deviation: float) -> list[float]:
    return [round(factor * deviation, 6) for factor in factors]


def tune(control: Control, clean: np.ndarray, corrupted: np.ndarray, levels: bool = True) -> dict[str, Tuned]:
    """A control's parameters with the lowest mean squared error, and those with the highest structural similarity.

    Every value of the grid is tried. For the error, each with levels of its own: the best black, then the best white.
    Structural similarity takes longer to compute: it tries each value without levels and with those that are best for
    the error, looks for better levels at the best of these, and again at the values near it. So neither result is
    worse than any value of the grid without levels.

    Args:
        control: with the values that are tried; of equally good ones the first is taken.
        clean, corrupted: the same validation images, (n, H, W, C).
        levels: whether grey levels are tuned; else black stays 0 and white 1.

    Returns:
        ``mse`` and ``ssim``.
    """
    restored = {value: control.restore(corrupted, value) for value in control.grid}
    plain = [Choice(value) for value in restored]
    error = _Search(restored, lambda images: float(image_quality.mean_squared_error(clean, images).mean()))
    unlike = _Search(restored, lambda images: 1.0 - float(image_quality.ssim(clean, images).mean()))
    fitted = [error.levels(choice) for choice in plain] if levels else plain
    nearest, most_alike = error.best(fitted), unlike.best([*plain, *fitted])
    if levels:
        most_alike = unlike.levels(most_alike)
        place = list(restored).index(most_alike.value)
        near = list(restored)[max(place - NEAR, 0) : place + NEAR + 1]
        most_alike = unlike.best([most_alike, *(replace(most_alike, value=value) for value in near)])
        most_alike = unlike.levels(most_alike)
    return {"mse": Tuned(nearest, error.loss(nearest)), "ssim": Tuned(most_alike, 1.0 - unlike.loss(most_alike))}


class _Search:
    """The loss of choices, each computed once.

    Args:
        restored: value of the parameter to the images that it gives.
        measure: such images to their loss.
    """

    def __init__(self, restored: Mapping[float, np.ndarray], measure: Callable[[np.ndarray], float]) -> None:
        self._restored, self._measure = restored, measure
        self._known: dict[Choice, float] = {}

    def loss(self, choice: Choice) -> float:
        """The loss of one choice."""
        if choice not in self._known:
            images = denoisers.set_levels(self._restored[choice.value], choice.black, choice.white)
            self._known[choice] = self._measure(images)
        return self._known[choice]

    def best(self, choices: Iterable[Choice]) -> Choice:
        """The one with the least loss, the first of equal ones."""
        return min(choices, key=self.loss)

    def levels(self, choice: Choice) -> Choice:
        """The choice with the best black, then with the best white."""
        blacks = (replace(choice, black=black) for black in BLACK if choice.white - black >= LEAST_RANGE)
        choice = self.best([choice, *blacks])
        whites = (replace(choice, white=white) for white in WHITE if white - choice.black >= LEAST_RANGE)
        return self.best([choice, *whites])
