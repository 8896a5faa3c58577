"""The parts of the page that can be moved: the map of the codes, paths between images, traversals of the code."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from latentpress.engine.stage import Failure
from latentpress.reporting.web import images

if TYPE_CHECKING:
    from latentpress.engine.store import Artifact

FIGURES = {"embedding_3d": "embedding", "interpolation": "interpolation", "latent_traversal": "latent_traversal"}
"""Evaluation to the one behind whose last figure its part stands."""
SCALE = 1000
"""Coordinates of a map are whole numbers up to this."""


@dataclass(slots=True)
class Parts:
    """What is made for the page.

    Attributes:
        blocks: evaluation to its HTML.
        data: name to what its script reads.
        metrics: ids of the metrics that are shown in them.
    """

    blocks: dict[str, Markup] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    metrics: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shown:
    """One model's evaluation: its name for people, the artifact or why there is none, its data set."""

    model: str
    title: str
    found: Artifact | Failure
    data: str


def make(
    shown: Mapping[str, Sequence[Shown]], metrics: Mapping[str, Mapping[str, Any]], test: Mapping[str, np.ndarray]
) -> Parts:
    """All parts that there is something to show for.

    Args:
        shown: evaluation to its models.
        metrics: id to a metric of report.json.
        test: data set to its test images, uint8 (n, H, W) or (n, H, W, C).
    """
    parts = Parts()
    makers = {"embedding_3d": _map, "interpolation": _paths, "latent_traversal": _traversals}
    for evaluation, models in shown.items():
        there = [one for one in models if not isinstance(one.found, Failure)]
        failed = [one for one in models if isinstance(one.found, Failure)]
        if there:
            parts.blocks[evaluation], parts.data[evaluation] = makers[evaluation](there, metrics, test)
        if failed:
            names = ", ".join(one.title for one in failed)
            note = Markup('<p class="interactive-note">Missing here, since it failed: {}.</p>\n').format(names)
            parts.blocks[evaluation] = parts.blocks.get(evaluation, Markup("")) + note
    shown_ids = re.findall(r'data-metric="([^"]+)"', "".join(parts.blocks.values()))
    paths = parts.data.get("interpolation", {}).get("models", [])
    means = [entry[0] for model in paths for entry in model["means"].values()]
    parts.metrics = [identifier for identifier in (*shown_ids, *means) if identifier in metrics]
    return parts


def _block(name: str, title: str, text: str, rest: Markup) -> Markup:
    return Markup(
        '<section class="interactive" id="interactive-{0}" aria-labelledby="interactive-{0}-title">\n'
        '<p class="interactive-title" id="interactive-{0}-title">{1}</p>\n<p>{2}</p>\n'
        '<div class="stage" data-part="{0}"><p class="needs-script">This part moves only with JavaScript.</p></div>\n'
        "{3}</section>\n"
    ).format(name, title, text, rest)


def _artifact(one: Shown) -> Artifact:
    assert not isinstance(one.found, Failure)
    return one.found


# ------------------------------------------------------------------------------------------------ map


def _map(
    models: Sequence[Shown], metrics: Mapping[str, Mapping[str, Any]], test: Mapping[str, np.ndarray]
) -> tuple[Markup, dict[str, Any]]:
    sets: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    places: dict[tuple[str, bytes], int] = {}
    for one in models:
        found = _artifact(one).arrays("map")
        shown = (one.data, found["positions"].tobytes())
        if shown not in places:
            places[shown] = len(sets)
            sets.append(_mapped(one, found, test[one.data]))
        entries.append({"id": one.model, "name": one.title, "of": places[shown], "points": _whole(found["points"])})
    codes = f"The same {len(sets[0]['labels']):,} test codes of each model"
    if len(sets) > 1:
        codes = "Test codes of each model, the same where models share a data set"
    text = (
        f"{codes}, mapped to three dimensions by t-SNE, to be turned and "
        "enlarged. As in the plane, sizes of clusters and distances between them carry no meaning. Pointing at a code "
        "shows its image; the table says how far each map can be trusted."
    )
    data = {"sets": sets, "models": entries}
    return _block("embedding_3d", "The codes in three dimensions", text, _quality(models, metrics)), data


def _mapped(one: Shown, found: Mapping[str, np.ndarray], images_of: np.ndarray) -> dict[str, Any]:
    """The images of a map, uint8 (n, H, W) or (n, H, W, C) of the whole test split, on a sheet; their classes."""
    labels, positions = found["labels"], found["positions"]
    thumbnails = images_of[positions]
    sheet, columns = images.sheet(thumbnails)
    classes = [str(name) for name in _artifact(one).json("map_classes")]
    return {
        "classes": classes or [str(label) for label in range(int(labels.max(initial=0)) + 1)],
        "labels": labels.tolist(),
        "positions": positions.tolist(),
        "sheet": images.data_address(sheet),
        "columns": columns,
        "size": list(thumbnails.shape[1:3]),
    }


def _whole(points: np.ndarray) -> list[list[int]]:
    """Coordinates (n, 3) as three lists of whole numbers, centred, the farthest at `SCALE`."""
    centred = points - points.mean(axis=0)
    farthest = float(np.abs(centred).max())
    scaled = np.round(centred * (SCALE / farthest if farthest else 0.0)).astype(int)
    columns: list[list[int]] = scaled.T.tolist()
    return columns


QUALITIES = (
    ("trustworthiness", "Trustworthiness", 3, 1.0, ""),
    ("knn_accuracy", "kNN accuracy", 1, 100.0, "\u202f%"),
    ("tsne_kl", "Final divergence (nats)", 3, 1.0, ""),
    ("points", "Points", 0, 1.0, ""),
    ("tsne_iterations", "Iterations", 0, 1.0, ""),
)
"""Quantity, header, digits, factor and unit of each column."""


def _quality(models: Sequence[Shown], metrics: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = []
    for one in models:
        cells = []
        for quantity, _, digits, factor, unit in QUALITIES:
            identifier = f"{one.data}/{one.model}/test/{quantity}/components=3"
            cells.append(
                Markup('<td class="r"><span class="num" data-metric="{}">{}</span></td>').format(
                    identifier, _written(metrics.get(identifier, {}).get("value"), digits, factor, unit)
                )
            )
        rows.append(Markup('<tr><th scope="row">{}</th>{}</tr>\n').format(one.title, Markup("").join(cells)))
    heads = [Markup('<th scope="col" class="r">{}</th>').format(title) for _, title, *_ in QUALITIES]
    return Markup(
        '<div class="scroll" role="region" aria-labelledby="interactive-quality">'
        '<table class="sortable">\n<caption id="interactive-quality">'
        "<span>Quality of the maps in three dimensions.</span></caption>\n"
        '<thead>\n<tr><th scope="col">Codes of</th>{}</tr>\n</thead>\n<tbody>\n{}</tbody>\n</table></div>\n'
    ).format(Markup("").join(heads), Markup("").join(rows))


def _written(value: Any, digits: int, factor: float, unit: str) -> str:
    if not isinstance(value, int | float):
        return "[missing]"
    return f"{value * factor:,.{digits}f}{unit}"


# ---------------------------------------------------------------------------------------------- paths


def _paths(
    models: Sequence[Shown], metrics: Mapping[str, Mapping[str, Any]], test: Mapping[str, np.ndarray]
) -> tuple[Markup, dict[str, Any]]:
    found = [_artifact(one).arrays("slides") for one in models]
    alphas = [float(alpha) for alpha in found[0]["alphas"]]
    table = _artifact(models[0]).table("pairs")
    pairs = [
        f"Pair {row['pair']}" + (f": from {row['digit_a']} to {row['digit_b']}" if "digit_a" in row else "")
        for row in table.head(len(found[0]["images"])).to_dict("records")
    ]
    entries = []
    for one, slides in zip(models, found, strict=True):
        shape = slides["images"].shape
        sheet, columns = images.sheet(slides["images"].reshape(-1, *shape[3:]), columns=len(alphas))
        assert columns == len(alphas)
        means = {}
        for step, alpha in enumerate(alphas):
            identifier = f"{one.data}/{one.model}/test/interpolation_psnr_mean/alpha={alpha:g}"
            if identifier in metrics:
                metric = metrics[identifier]
                means[str(step)] = [identifier, *(_number(metric.get(key)) for key in ("value", "low", "high"))]
        ratios = [[_number(float(ratio)) for ratio in row] for row in slides["psnr"]]
        entries.append({"name": one.title, "sheet": images.data_address(sheet), "psnr": ratios, "means": means})
    data = {"alphas": alphas, "pairs": pairs, "models": entries, "size": list(found[0]["images"].shape[3:5])}
    text = (
        "Both ways from one test image to another, step by step: decoded from the mixed image, and decoded from the "
        "mixed codes. The ratio is that of the two images that are seen; the mean over all pairs stands beside it "
        "where it was measured."
    )
    return _block("interpolation", "Interpolation, step by step", text, Markup("")), data


def _number(value: Any) -> Any:
    """A number for JSON, which has no infinity."""
    if value is None or isinstance(value, str):
        return value
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return None if math.isnan(value) else round(float(value), 4)


# ----------------------------------------------------------------------------------------- traversals


def _traversals(
    models: Sequence[Shown], metrics: Mapping[str, Mapping[str, Any]], test: Mapping[str, np.ndarray]
) -> tuple[Markup, dict[str, Any]]:
    entries = []
    for one in models:
        slides = _artifact(one).arrays("slides")
        shape = slides["images"].shape
        sheet, _ = images.sheet(slides["images"].reshape(-1, *shape[2:]), columns=shape[1])
        entries.append(
            {
                "name": one.title,
                "sheet": images.data_address(sheet),
                "size": list(shape[2:4]),
                "order": slides["order"].tolist(),
                **{
                    key: [round(float(number), 3) for number in slides[key]]
                    for key in ("kl", "shares", "values", "start")
                },
            }
        )
    text = (
        "One dimension of the code of a test image is moved through the prior, while the others keep their values. "
        "Dimensions are sorted by their divergence from the prior: one whose divergence is near zero carries nothing, "
        "and its image stays."
    )
    return _block("latent_traversal", "Traversal of the code", text, Markup("")), {"models": entries}
