"""The denoising report, from settings to PDF on the smoke profile: its predictions, its maps, and its bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pikepdf
import pypdf
import pytest

from .conftest import browsing, copy_of_the_project, forget

pytestmark = pytest.mark.slow

COLORED = ("simple_autoencoder", "dropout_autoencoder", "batch_norm_autoencoder", "variational_denoiser")
DENSE = "dense_144_72_48"
OUTLINE = [
    "Introduction",
    "Data",
    "Architectures",
    "Training",
    "Denoising",
    "Outputs in the course of the training",
    "Latent spaces",
    "Interpolation",
    "The fully connected autoencoder",
    "Conclusion",
]


def latentpress(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "latentpress", *arguments]
    environ = {**os.environ, "LATENTPRESS_DATA": ""}
    return subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, timeout=900)


def build(root: Path) -> str:
    answer = latentpress(root, "build", "denoising", "--profile", "smoke", "--data", "embedded")
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-4000:]
    return answer.stdout


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("pdflatex") is None or shutil.which("latexmk") is None:
        pytest.skip("no TeX on this machine")
    made = copy_of_the_project(tmp_path_factory.mktemp("project"))
    build(made)
    return made


@pytest.fixture(scope="module")
def report(root: Path) -> Path:
    return root / "build" / "denoising"


@pytest.fixture(scope="module")
def record(report: Path) -> dict[str, Any]:
    return dict(json.loads((report / "report.json").read_text()))


@pytest.fixture(scope="module")
def values(record: dict[str, Any]) -> dict[str, float]:
    return {metric["id"]: metric["value"] for metric in record["metrics"]}


def test_it_has_its_sections_in_order_and_is_typeset_without_a_fault_of_layout(root: Path, report: Path) -> None:
    with pikepdf.open(report / "report.pdf") as pdf, pdf.open_outline() as outline:
        titles = [item.title.lstrip("0123456789 ") for item in outline.root]
    assert titles[: len(OUTLINE)] == OUTLINE
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(report / "report.pdf").pages)
    assert "??" not in text
    assert "[missing]" not in text
    found = [json.loads(path.read_text()) for path in (root / "build" / "store" / "artifacts").glob("*/warnings.json")]
    assert found and not any(found)


def test_nothing_of_the_page_is_unknown(root: Path, report: Path) -> None:
    unknown = [json.loads(path.read_text()) for path in (root / "build" / "store" / "artifacts").glob("*/unknown.json")]
    assert unknown and not any(unknown)
    assert (report / "report.html").stat().st_size < 15_000_000


def test_the_noise_is_stated_and_every_denoiser_is_measured_under_it(
    record: dict[str, Any], values: dict[str, float]
) -> None:
    controls = ("noisy_input", "gaussian_filter", "total_variation", "nonlocal_means", "pca_64")
    for model in (*COLORED, *controls):
        for quantity in ("denoised_snr", "denoised_mse", "denoised_psnr", "denoised_ssim"):
            stated = values[f"colored_mnist/{model}/test/{quantity}"]
            assert stated == values[f"colored_mnist/{model}/test/{quantity}/noise=0.2"]
    ratio = values["colored_mnist/noisy_input/test/denoised_snr"]
    power = 10 ** (ratio / 10) * values["colored_mnist/noisy_input/test/denoised_mse"]
    for model in COLORED:
        found = power / values[f"colored_mnist/{model}/test/denoised_mse"]
        assert 10 * np.log10(found) == pytest.approx(values[f"colored_mnist/{model}/test/denoised_snr"], abs=1e-3)
    assert ratio < 10
    sentences = [claim["sentence"] for claim in record["claims"] if claim["printed"]]
    assert any(f"{ratio:.2f}" in sentence for sentence in sentences), "the noise stands beside what is said of it"


def test_every_kept_epoch_is_measured_and_the_last_agrees_with_the_model(values: dict[str, float]) -> None:
    for model in COLORED:
        first, last = (values[f"colored_mnist/{model}/test/epoch_mse/epoch={epoch}"] for epoch in (1, 2))
        assert first != last
        assert values[f"colored_mnist/{model}/validation/kept_epoch"] in (1, 2)


def test_predictions_hold_every_test_image_beside_its_reconstruction(report: Path, values: dict[str, float]) -> None:
    table = pd.read_csv(report / "predictions.csv")
    columns = [f"{kind}_px{pixel}" for pixel in range(784) for kind in ("orig", "recon")]
    assert list(table.columns) == ["row_id", *columns]
    assert table["row_id"].tolist() == list(range(len(table)))
    assert len(table) == values["mnist/dense_144_72_48/test/predicted_images"]
    pixels = table[columns].to_numpy().reshape(len(table), 784, 2)
    levels = pixels[..., 0] * 255
    assert np.abs(levels - np.rint(levels)).max() < 1e-3
    assert levels.max() == 255
    error = np.mean((pixels[..., 0] - pixels[..., 1]) ** 2)
    assert error == pytest.approx(values["mnist/dense_144_72_48/test/test_mse"], rel=1e-4)


def test_the_pdf_leads_to_the_map_of_every_model(report: Path) -> None:
    with pikepdf.open(report / "report.pdf") as pdf:
        links = [entry for page in pdf.pages for entry in page.obj.get("/Annots", []) if "/URI" in entry.get("/A", {})]
        found = [str(link.A.URI) for link in links if not str(link.A.URI).startswith("http")]
    assert list(dict.fromkeys(found)) == [f"tsne.html#{model}" for model in (*COLORED, DENSE)]


def colours(page: Any) -> int:
    """The number of pixels of the image beside the map whose channels differ."""
    page.get_by_label("Next code").focus()
    page.keyboard.press("Enter")
    canvas = page.locator(".map-side canvas")
    read = "(e) => [...e.getContext('2d').getImageData(0, 0, e.width, e.height).data]"
    levels = np.array(canvas.evaluate(read)).reshape(-1, 4)[:, :3]
    assert levels.max() > 100
    return int((np.ptp(levels, axis=1) > 20).sum())


def test_in_a_browser_each_map_shows_the_images_of_its_own_data_and_hides_a_class(browser: Any, report: Path) -> None:
    for model, coloured in ((COLORED[0], True), (DENSE, False)):
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        page, wrong = browsing.watched(context, (report / "tsne.html").as_uri() + f"#{model}")
        page.wait_for_selector("[data-drawn=true]", timeout=60_000)
        assert (colours(page) > 20) == coloured
        page.locator(".key label").nth(3).click()
        visible = page.locator(".plot").evaluate("(e) => e.data.map((trace) => trace.visible)")
        assert visible == [index != 3 for index in range(10)]
        assert wrong == []
        context.close()


def test_built_again_it_has_the_same_bytes_and_is_verified(root: Path, report: Path) -> None:
    names = ("report.pdf", "report.html", "tsne.html", "predictions.csv")
    before = {name: (report / name).read_bytes() for name in names}
    assert "started" not in build(root), "there is nothing to do"
    again = (
        "assemble/",
        "typeset/",
        "html/",
        "tsne/",
        "section/",
        "evaluate/predictions",
        "encode/dense",
        "train/dense",
    )
    forget(root / "build" / "store", again)
    (report / "predictions.csv").unlink()
    build(root)
    assert {name: (report / name).read_bytes() for name in names} == before
    answer = latentpress(root, "verify", str(report / "report.pdf"))
    assert answer.returncode == 0, answer.stdout
