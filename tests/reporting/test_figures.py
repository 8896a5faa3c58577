"""Every kind of figure is drawn, the same bytes each time, at most as wide as the text."""

from __future__ import annotations

import io
from typing import Any

import matplotlib
import numpy as np
import pikepdf
import pypdf
import pytest
from PIL import Image

from latentpress.engine.stage import Task
from latentpress.errors import StageError
from latentpress.figure_data import KINDS, Figure
from latentpress.reporting.drawing import images, style
from latentpress.reporting.drawing.charts import curves, legend_columns
from latentpress.reporting.drawing.style import SETTINGS, TEXT_WIDTH
from latentpress.reporting.figures import render

random = np.random.default_rng(0)
X = np.arange(1, 5.0)

EXAMPLES = {
    "image_grid": Figure(
        "image_grid", {"images": random.random((2, 6, 28, 28, 1))},
        {"row_labels": ["x", "D(E(x))"], "column_labels": list("abcdef")},
    ),
    "curves": Figure(
        "curves",
        {"x0": X, "y0": 1 / X, "x1": X, "y1": np.array([1.0, np.nan, 0.5, 0.4])},
        {
            "panels": [
                {"title": "Loss", "x_label": "epoch", "y_label": "MSE", "log": True, "series": [
                    {"x": "x0", "y": "y0", "label": "training"},
                    {"x": "x1", "y": "y1", "label": "validation", "style": "--"}]},
                {"title": "KL", "x_label": "epoch", "y_label": "nats", "series": [{"x": 0, "y": 0}]},
            ]
        },
    ),
    "scatter": Figure("scatter", {"points": random.normal(size=(60, 2)), "labels": np.repeat(np.arange(10), 6)}),
    "confusion": Figure("confusion", {"matrix": random.integers(0, 900, (10, 10))}),
    "bars": Figure(
        "bars", {"values": np.array([1.0, 2, 3]), "low": np.array([0.5, 1, 2]), "high": np.array([2.0, 3, 4])},
        {"labels": ["sparse autoencoder", "contractive autoencoder", "c"], "y_label": "accuracy"},
    ),
    "estimates": Figure(
        "estimates",
        {f"{name}{panel}": values for panel in range(4) for name, values in (
            ("value", np.array([1.0, 2])), ("low", np.array([0.5, np.nan])), ("high", np.array([2.0, np.nan])),
            ("other", np.array([3.0, 1])))},
        {"names": ["this report", "published"], "panels": [
            {"title": "Sparse autoencoder", "x_label": r"$\alpha$", "y_label": "Average PSNR (dB)",
             "labels": ["0.2", "0.4"]}] * 4},
    ),
    "histogram": Figure(
        "histogram", {"edges": np.linspace(0, 1, 6), "counts0": np.arange(5), "counts1": np.arange(5)[::-1]},
        {"labels": ["a", "b"], "x_label": "activation", "log": True},
    ),
    "network": Figure(
        "network", {}, {"parts": [
            {"title": "Encoder", "layers": [{"layer": "conv 64", "shape": "28×28×64", "units": 50176, "kind": "conv"},
                                            {"layer": "code", "shape": [128], "units": 128, "kind": "dense"}]},
            {"title": "Decoder", "layers": [{"layer": "output", "shape": "28×28×1", "units": 784, "kind": "conv"}]}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_drawn_the_same_each_time(kind: str) -> None:
    files, size = render(EXAMPLES[kind])
    assert render(EXAMPLES[kind]) == (files, size)
    assert 1 < size[0] <= style.TEXT_WIDTH + 1e-3
    with pikepdf.open(io.BytesIO(files["pdf"])) as pdf:
        box = pdf.pages[0].mediabox
        assert float(box[2]) == pytest.approx(size[0] * 72, abs=0.1)
        assert not pdf.docinfo.keys() & {"/CreationDate", "/ModDate"}
        fonts = pdf.pages[0].get("/Resources", {}).get("/Font", {})
        assert all(font.get("/Subtype") != "/Type3" for font in fonts.values())
    assert np.asarray(Image.open(io.BytesIO(files["png"])).convert("L")).std() > 1  # something is on it


def test_pictures_show_the_values_that_they_hold() -> None:
    grid = np.zeros((1, 2, 2, 2, 1))
    grid[0, 1] = 0.5
    drawn = images.mosaic(grid)
    assert drawn[0, 0] == 0 and drawn[0, -1] == 128 and drawn[0, 2 * images.ENLARGEMENT] == 255


def test_many_rows_stay_on_a_page() -> None:
    _, (width, height) = render(Figure("image_grid", {"images": random.random((20, 9, 28, 20, 1))}))
    assert height < 7 and width < style.TEXT_WIDTH


@pytest.mark.parametrize(
    "text", ["50 % $ of", "$\\alpha$ and \\nothing", "$\\frac{$", "小明 😀", "a\nb\x00", "_^{}\\", "Šimůnek"]
)
def test_any_label_can_be_drawn(text: str) -> None:
    figure = Figure("bars", {"values": np.ones(2)}, {"labels": [text, "b"], "y_label": text, "x_label": text})
    assert render(figure)[0]["pdf"].startswith(b"%PDF")


def test_characters_without_a_glyph_are_marked() -> None:
    assert style.label("小") == "[U+5C0F]"
    assert style.label("α × é") == "α × é"


def test_mathematics_is_kept_and_broken_mathematics_is_shown_as_typed() -> None:
    assert style.label(r"$\alpha$") == r"$\alpha$"
    assert style.label(r"costs $5") == r"costs \$5" or style.label(r"costs $5") == "costs $5"
    assert style.label(r"$\frac{$") == r"\$\frac{\$"


def test_labels_are_large_enough_to_read() -> None:
    """Also beside another figure, where they are scaled."""
    from latentpress.reporting.floats import SMALLEST_SCALE, TEXT_WIDTH

    assert style.SMALL_SIZE * SMALLEST_SCALE >= 7
    assert TEXT_WIDTH == style.TEXT_WIDTH


def test_an_evaluation_is_drawn_with_its_sizes(workshop: Any) -> None:
    artifact = workshop.drawn(workshop.evaluation(figures=workshop.confusion()))
    assert artifact.names() == {"confusion_probe.pdf", "confusion_probe.png", "descriptions.json", "sizes.json"}
    assert artifact.json("sizes")["confusion_probe"][0] > 2


def test_an_evaluation_without_figures_gives_none(workshop: Any) -> None:
    assert workshop.drawn(workshop.evaluation()).names() == {"descriptions.json", "sizes.json"}


def test_a_figure_with_wrong_arrays_is_named(workshop: Any) -> None:
    from latentpress.reporting.figures import draw

    figures = {"map": Figure("scatter", {"points": np.zeros((3, 2))})}
    task = Task("draw/x/y", {}, {"evaluation": workshop.store(workshop.evaluation(figures=figures))}, {}, workshop.root)
    with pytest.raises(StageError, match=r"figure 'map' of kind 'scatter' cannot be drawn: KeyError: 'labels'"):
        draw(task)


def words_of(pdf: bytes) -> str:
    return pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


def test_greek_and_minus_signs_can_be_searched_for_and_copied() -> None:
    grid = Figure(
        "image_grid",
        {"images": random.random((1, 2, 8, 8, 1))},
        {"row_labels": [r"$D(z_\alpha)$"], "column_labels": [r"$\alpha=0.2$", "−2"]},
    )
    panel = {"title": "T", "x_label": "x", "y_label": "y", "log": False, "series": [{"x": "x0", "y": "y0"}]}
    arrays = {"x0": np.arange(2.0), "y0": np.array([-1.0, 1.0])}
    logarithmic = {**panel, "log": True, "series": [{"x": "x0", "y": "y1"}]}
    arrays["y1"] = np.array([1e-3, 1.0])
    drawn = words_of(render(grid)[0]["pdf"]) + words_of(
        render(Figure("curves", arrays, {"panels": [panel, logarithmic]}))[0]["pdf"]
    )
    assert drawn.count("α") == 2
    assert "0.2" in drawn and "−2" in drawn and "−1.0" in drawn and "10−3" in drawn.replace("\n", "")
    assert "®" not in drawn and "¡" not in drawn


def test_curves_have_their_intervals_drawn() -> None:
    arrays = {"x0": X, "y0": X, "low0": X - 0.5, "high0": X + 0.5}
    series = {"x": "x0", "y": "y0", "label": "a"}
    plain, with_ends = (
        curves(Figure("curves", arrays, {"panels": [{"series": [{**series, **ends}]}]})).axes[0]
        for ends in ({}, {"low": "low0", "high": "high0"})
    )
    assert not plain.collections
    segments = [segment[:, 1].tolist() for segment in with_ends.collections[0].get_segments()]
    assert segments == [[x - 0.5, x + 0.5] for x in X]


def marked(**mark: Any) -> Figure:
    series = [{"x": "x0", "y": "y0", "label": "validation"}]
    panel = {"x_label": "epoch", "y_label": "MSE", "series": series, **({"marks": [mark]} if mark else {})}
    return Figure("curves", {"x0": X, "y0": 1 / X}, {"panels": [panel]})


def test_marks_are_vertical_lines_with_an_entry_in_the_legend() -> None:
    axes = curves(marked(x=3, label="weights kept")).axes[0]
    (line,) = [line for line in axes.lines if line.get_label() == "weights kept"]
    assert line.get_xdata() == [3.0, 3.0]
    assert line.get_linewidth() < 1
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["validation", "weights kept"]
    words = words_of(render(marked(x=3, label="weights kept"))[0]["pdf"])
    assert "weights kept" in words


def test_a_mark_beyond_the_curve_is_seen_and_one_without_a_label_has_no_entry() -> None:
    axes = curves(marked(x=9)).axes[0]
    assert axes.get_xlim()[1] >= 9
    legend = axes.get_legend()
    assert legend is not None
    assert len(legend.get_texts()) == 1


def test_panels_with_the_same_marks_share_a_legend_and_others_have_their_own() -> None:
    first, second = (marked(x=x, label="kept").options["panels"][0] for x in (2, 3))
    third = marked(x=3, label="stopped").options["panels"][0]
    arrays = marked().arrays
    legends = [axes.get_legend() for axes in curves(Figure("curves", arrays, {"panels": [first, second, third]})).axes]
    assert [legend is not None for legend in legends] == [True, False, True]


def test_colours_are_kept_in_files() -> None:
    """Red beside blue, in the PNG and in the PDF, which viewers and `review.pictures` draw."""
    from latentpress.review.pictures import drawn

    grid = np.zeros((1, 2, 4, 4, 3))
    grid[0, 0, ..., 0] = grid[0, 1, ..., 2] = 1
    assert images.mosaic(grid).shape == (4 * images.ENLARGEMENT, (2 * 4 + images.GAP) * images.ENLARGEMENT, 3)
    files, _ = render(Figure("image_grid", {"images": grid}, {}))
    (picture,) = drawn(files["pdf"])
    assert picture is not None
    for png in (files["png"], picture.png):
        pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        row = pixels[len(pixels) // 2]
        assert row[len(row) // 4].tolist() == [255, 0, 0]
        assert row[3 * len(row) // 4].tolist() == [0, 0, 255]


def test_many_rows_may_stand_in_blocks_side_by_side_at_full_width() -> None:
    images, labels = random.random((5, 9, 28, 20, 1)), [str(row) for row in range(5)]
    options = {"row_labels": labels, "column_labels": [str(column) for column in range(9)]}
    _, (width, height) = render(Figure("image_grid", {"images": images}, {**options, "blocks": 2}))
    _, (_, tall) = render(Figure("image_grid", {"images": images}, options))
    assert width == pytest.approx(TEXT_WIDTH, abs=0.01)
    assert height < tall
    text = words_of(render(Figure("image_grid", {"images": images}, {**options, "blocks": 2}))[0]["pdf"]).split()
    assert sorted(text) == sorted([*labels, *2 * options["column_labels"]])


def test_a_long_name_of_a_layer_is_broken_rather_than_cut() -> None:
    layers = [{"layer": "mean and log variance", "shape": "40", "units": 40, "kind": "dense"}]
    text = words_of(render(Figure("network", {}, {"parts": [{"title": "Encoder", "layers": layers}]}))[0]["pdf"])
    assert all(word in text for word in ("mean", "and", "log", "variance", "dense"))


def lines(count: int, panels: int = 1) -> Figure:
    """Panels of so many lines with long names."""
    arrays = {f"{axis}{index}": X + index for index in range(count) for axis in "xy"}
    series = [
        {"x": f"x{index}", "y": f"y{index}", "label": f"a model with the number {index}"} for index in range(count)
    ]
    return Figure("curves", arrays, {"panels": [{"y_label": str(panel), "series": series} for panel in range(panels)]})


def test_many_lines_have_one_legend_below_that_names_each_within_the_page() -> None:
    with matplotlib.rc_context(SETTINGS):
        canvas = curves(lines(10, panels=4))
        canvas.draw_without_rendering()
        (legend,) = canvas.legends
        box = legend.get_window_extent()
        assert all(axes.get_legend() is None for axes in canvas.axes)
        assert box.x0 >= 0 and box.x1 <= canvas.bbox.width and box.y0 >= 0
        assert box.y1 <= min(axes.get_tightbbox().y0 for axes in canvas.axes)
    assert {text.get_text() for text in legend.get_texts()} == {
        f"a model with the number {index}" for index in range(10)
    }
    drawn = [(line.get_color(), line.get_marker()) for line in canvas.axes[0].get_lines()]
    assert len(set(drawn)) == 10 and len({marker for _, marker in drawn}) == 10
    assert canvas.get_size_inches()[0] == pytest.approx(TEXT_WIDTH)


def test_few_lines_keep_their_legend_in_the_first_panel_and_one_marker() -> None:
    canvas = curves(lines(6, panels=2))
    assert not canvas.legends and canvas.axes[0].get_legend() is not None and canvas.axes[1].get_legend() is None
    assert {line.get_marker() for line in canvas.axes[0].get_lines()} == {"o"}


def test_a_legend_has_as_many_columns_as_fit_and_one_at_least() -> None:
    assert legend_columns(["a"] * 12, TEXT_WIDTH) > legend_columns(["a rather long name"] * 12, TEXT_WIDTH) >= 1
    assert legend_columns(["a name that is longer than the page is wide " * 3] * 3, TEXT_WIDTH) == 1
    assert legend_columns([], TEXT_WIDTH) == 1
