"""Whether one model's denoised images are nearer to the clean ones than another's or a control's, image by image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from latentpress.engine.stage import Result, Task
from latentpress.errors import SettingsError
from latentpress.evaluations.denoised import STATED, in_words, read_item_name
from latentpress.evaluations.pairing import ITEMS, Items, each_pair, items_of, mean_difference
from latentpress.evaluations.subject import deliver, metric_of
from latentpress.figure_data import Figure
from latentpress.metrics import Metric, from_records

SCOPE = "comparison"
NEEDS = ("denoising_controls", "denoising")
SETTINGS: dict[str, int] = {}
SECONDS = 7.0
BACKEND = False
TITLE = "Comparison of denoising"

CONTROLS = "denoising_controls"
PANELS = {
    "denoised_snr": "SNR (dB)",
    "denoised_mse": "mean squared error",
    "denoised_psnr": "PSNR (dB)",
    "denoised_ssim": "SSIM",
}


def measure(task: Task) -> Result:
    """Differences of MSE and SSIM between models, and to controls, under every corruption; and curves over the noise.

    Raises:
        SettingsError: models and controls were not measured on the same images under the same corruptions.
    """
    artifact = task.inputs[CONTROLS]
    models, controls = items_of(task, "denoising"), _control_items(task)
    check_alike({**models, **controls})
    check_noise(
        {**{model: task.inputs[f"denoising:{model}"].json(STATED) for model in models}, CONTROLS: artifact.json(STATED)}
    )
    metrics: list[Metric] = []
    for name, a, b in each_pair(models, controls):
        metric = metric_of(task, model=name)
        for item in a:
            quantity, conditions = read_item_name(item)
            difference = mean_difference(a[item], b[item])
            metrics.append(metric(f"{quantity}_difference", **difference, conditions=conditions))
    artifacts = [*(task.inputs[f"denoising:{model}"] for model in models), artifact]
    measured = [metric for found in artifacts for metric in from_records(found.json("metrics"))]
    return deliver(metrics, {"curves": curves(measured, list(models), list(controls))})


def _control_items(task: Task) -> dict[str, Items]:
    """What was left of each control image by image, in the order in which their metrics stand."""
    artifact = task.inputs[CONTROLS]
    names = dict.fromkeys(metric.model for metric in from_records(artifact.json("metrics")))
    return {name: artifact.arrays(f"{ITEMS}.{name}") for name in names}


def check_alike(items: Mapping[str, Items]) -> None:
    """Refuse values of different images or corruptions.

    Raises:
        SettingsError: with the two that differ.
    """
    sizes_of = {name: _sizes(found) for name, found in items.items()}
    first, known = next(iter(sizes_of.items()))
    for name, sizes in sizes_of.items():
        if sizes != known:
            raise SettingsError(
                f'evaluation "denoising_comparison": {name} was measured on {_told(sizes)}, '
                f"expected the same as {first}: {_told(known)}",
                "Give the evaluations denoising and denoising_controls the same images, noise, stated_noise, "
                "salt_and_pepper, blur and masking in report.toml.",
            )


def check_noise(stated: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse values under noise that is clipped here and not there, or of which another strength is the stated one.

    Raises:
        SettingsError: with the two that differ.
    """
    first, known = next(iter(stated.items()))
    for name, found in stated.items():
        if dict(found) != dict(known):
            raise SettingsError(
                f'evaluation "denoising_comparison": {name} was measured with {dict(found)}, expected the same as '
                f"{first}: {dict(known)}",
                "Give denoising and denoising_controls the same stated_noise and clipped in report.toml.",
            )


def _sizes(items: Items) -> dict[str, int]:
    return {name: len(items[name]) for name in sorted(items)}


def _told(sizes: Mapping[str, int]) -> str:
    names = sorted({name.partition(".")[2] for name in sizes} - {""})
    counts = sorted(set(sizes.values()))
    return f"{' or '.join(map(str, counts))} images with {', '.join(names)}"


def curves(measured: Iterable[Metric], models: Sequence[str], controls: Sequence[str]) -> Figure:
    """Every measure against the noise, with intervals: models as solid lines, controls as broken ones.

    Args:
        measured: of all of them; what has other conditions than the noise alone is left out.
        models, controls: in the order of the legend.
    """
    found = [metric for metric in measured if set(metric.conditions) == {"noise"} and metric.value is not None]
    arrays: dict[str, np.ndarray] = {}
    panels: list[dict[str, Any]] = []
    for quantity, title in PANELS.items():
        series: list[dict[str, str]] = []
        for name in (*models, *controls):
            own = sorted(
                (float(m.conditions["noise"]), *(np.nan if number is None else number for number in _numbers(m)))
                for m in found
                if (m.model, m.quantity) == (name, quantity)
            )
            columns = np.array(own, dtype=np.float64).reshape(-1, 4).T
            index = len(arrays) // 4
            names = {key: f"{key}{index}" for key in ("x", "y", "low", "high")}
            arrays |= dict(zip(names.values(), columns, strict=True))
            series.append({**names, "label": in_words(name), "style": "-" if name in models else "--"})
        log = quantity == "denoised_mse"  # the noisy input's is a hundred times the best one's
        x_label = r"standard deviation of the noise, $\sigma$"
        panels.append({"x_label": x_label, "y_label": title, "log": log, "series": series})
    return Figure("curves", arrays, {"panels": panels})


def _numbers(metric: Metric) -> tuple[float | None, float | None, float | None]:
    return metric.value, metric.low, metric.high
