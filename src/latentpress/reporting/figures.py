"""The stage that draws every figure of an evaluation: vector PDF for the report, PNG beside it."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import matplotlib

from latentpress.engine.stage import Result, Task
from latentpress.errors import StageError
from latentpress.figure_data import Figure, unpack
from latentpress.reporting.drawing.describing import describe

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


def draw(task: Task) -> Result:
    """Draw what an evaluation has packed.

    Returns:
        ``<figure>.pdf`` and ``<figure>.png`` of each figure, and ``sizes.json``: figure to [width, height] in
        inches at which its type has the document's size; and ``descriptions.json``: figure to what it shows, in words.

    Raises:
        StageError: a figure's arrays or options are not what its kind says.
    """
    artifact = task.inputs["evaluation"]
    result = Result()
    sizes, descriptions = {}, {}
    for name, figure in sorted(unpack(artifact).items()):
        try:
            files, size = render(figure)
            descriptions[name] = describe(figure)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise StageError(
                f"{task.name}: figure {name!r} of kind {figure.kind!r} cannot be drawn: "
                f"{type(error).__name__}: {error}",
                "latentpress/figure_data.py lists the arrays and options of each kind.",
            ) from error
        sizes[name] = size
        result.files.update({f"{name}.{ending}": data for ending, data in files.items()})
    result.values.update(sizes=sizes, descriptions=descriptions)
    return result


def render(figure: Figure) -> tuple[dict[str, bytes], list[float]]:
    """Draw one figure.

    Returns:
        File ending (``pdf``, ``png``) to bytes, the same for the same figure on every run; and its size in inches.
    """
    from latentpress.reporting.drawing.style import SETTINGS

    drawers = _drawers()
    with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
        # Labels are made of characters that the fonts have; the rest of what matplotlib says of fonts is noise.
        warnings.filterwarnings("ignore", message=".*cmr10.*")
        logging.getLogger("fontTools").setLevel(logging.ERROR)
        canvas = drawers[figure.kind](figure)
        files = {"pdf": _save(canvas, "pdf"), "png": _save(canvas, "png")}
        size = [round(float(side), 4) for side in canvas.get_size_inches()]
    return files, size


def _drawers() -> dict[str, Callable[[Figure], Canvas]]:
    from latentpress.reporting.drawing import charts, estimates, images, network, points

    return {
        "image_grid": images.image_grid,
        "curves": charts.curves,
        "bars": charts.bars,
        "estimates": estimates.estimates,
        "histogram": charts.histogram,
        "scatter": points.scatter,
        "confusion": points.confusion,
        "network": network.network,
    }


def _save(canvas: Canvas, ending: str) -> bytes:
    buffer = io.BytesIO()
    # No date and no name of the program: the bytes depend on the picture alone.
    metadata = {"CreationDate": None, "Creator": None, "Producer": None} if ending == "pdf" else {"Software": None}
    canvas.savefig(buffer, format=ending, metadata=metadata)
    return buffer.getvalue()
