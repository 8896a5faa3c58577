"""What models are called in headings, tables and running text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from latentpress.reporting.latex import Tex, escape

CONTROLS = {
    "mean_image": ("Mean image", "the mean image"),
    "noisy_input": ("Noisy input", "the noisy input"),
    "gaussian_filter": ("Gaussian filter", "the Gaussian filter"),
    "total_variation": ("Total variation", "total variation denoising"),
    "nonlocal_means": ("Non-local means", "non-local means"),
}


class Names:
    """Names of experiments and controls.

    Args:
        experiments: name to settings, which hold the title.
    """

    def __init__(self, experiments: Mapping[str, Mapping[str, Any]]) -> None:
        self._titles = {name: str(settings["title"]) for name, settings in experiments.items()}

    def title(self, model: str) -> Tex:
        """For table rows and captions: ``Sparse autoencoder``, ``PCA, 128 components``."""
        return self._both(model)[0]

    def running(self, model: str) -> Tex:
        """For sentences: ``the sparse autoencoder``, ``PCA with 128 components``."""
        return self._both(model)[1]

    def _both(self, model: str) -> tuple[Tex, Tex]:
        model = str(model)
        if model in self._titles:
            title = self._titles[model]
            return escape(title), escape(f"the {_lower_first(title)}")
        if model in CONTROLS:
            return escape(CONTROLS[model][0]), escape(CONTROLS[model][1])
        components = re.fullmatch(r"pca_(\d+)", model)
        if components:
            return Tex(f"PCA, {components[1]} components"), Tex(f"PCA with {components[1]} components")
        if "_vs_" in model:
            first, second = (self.title(part) for part in model.split("_vs_", 1))
            return Tex(f"{first} against {second}"), Tex(f"{first} against {second}")
        words = escape(model.replace("_", " "))
        return words, Tex(f"the {words}")


def _lower_first(title: str) -> str:
    """Lower-case the first letter, unless the word is an abbreviation or a name with capitals inside."""
    first = re.split(r"[\s-]", title, maxsplit=1)[0]
    return title if any(letter.isupper() or letter.isdigit() for letter in first[1:]) else title[:1].lower() + title[1:]
