"""Faces that need no download: 1,965 drawn frames of one head that turns, smiles and blinks under a moving light.

They stand in for the Frey faces: the same number of frames, the same 28 rows of 20 grey pixels, and, as in a video,
neighbours that differ little. Unlike there every pixel is a known function of four factors, which are kept.

The head is a surface of revolution about its vertical axis. A pixel is traced back to the point of the surface that
it shows, which the head's turn moves about the axis; features are drawn on the surface in the angle about the axis and
in height, so that they foreshorten as they turn away, and the surface is shaded by Lambert's cosine law.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy import ndimage, special

from latentpress.datasets.content import DataSet
from latentpress.datasets.video import split_video

FRAMES = 1965
HEIGHT, WIDTH = 28, 20
SAMPLES = 3
"""Samples a pixel and direction."""
BATCH = 64
SEED = 560

FACTORS = ("pose", "smile", "eyes", "light")
FACTOR_MEANINGS = {
    "pose": "turn of the head, from -1 (to the left of the image) to 1",
    "smile": "from -1 (corners of the mouth down) to 1 (a broad smile that shows teeth)",
    "eyes": "from 0 (closed) to 1 (wide open)",
    "light": "side that the light comes from, from -1 (left) to 1 (right)",
}
PATH_LENGTHS = {"pose": 8.0, "smile": 11.0, "eyes": 13.0, "light": 18.0}
"""How quickly each factor changes: standard deviation, in frames, of the Gaussian that smooths its path."""
BLINK_EVERY, BLINK_LENGTH = 45, 2.0
"""Mean number of frames between blinks, and the standard deviation in frames of one."""

TURN = np.deg2rad(15.0)
LIGHT_TURN = np.deg2rad(52.0)


def load(files: Mapping[str, Path]) -> DataSet:
    """Draw all frames and split them as the Frey faces are; the same bytes every time.

    Args:
        files: nothing is read.
    """
    factors = paths(FRAMES, np.random.default_rng(SEED))
    frames = draw(factors)
    split = split_video(FRAMES)
    return DataSet(
        title="drawn faces",
        citation="",
        images={name: frames[numbers] for name, numbers in split.frames.items()},
        factors={name: factors[numbers] for name, numbers in split.frames.items()},
        origins=split.frames,
        split=split.sentence(),
        preprocessing=(
            f"This program draws {FRAMES:,} frames of a head, {HEIGHT} rows of {WIDTH} grey pixels each; its pose, its "
            "smile, its eyes and the light follow smooth random paths with a fixed seed.",
            f"The frames are divided into blocks, and {len(split.dropped)} frames at the borders between splits are "
            "left out.",
            "Grey levels are stored as whole numbers from 0 to 255 and divided by 255, so that they lie between 0 and "
            "1.",
        ),
        facts={
            "dropped": len(split.dropped),
            "factor_names": list(FACTORS),
            "factor_meanings": FACTOR_MEANINGS,
        },
    )


def paths(count: int, rng: np.random.Generator) -> np.ndarray:
    """Smooth random paths of the four factors.

    Each is white noise smoothed by a Gaussian and mapped by the normal distribution function to an even spread over its
    range; the eyes blink as well.

    Args:
        count: number of frames.
        rng: where the paths come from.

    Returns:
        (count, 4) float32, in the order and ranges of `FACTOR_MEANINGS`.
    """
    even = {}
    for name in FACTORS:
        smooth = ndimage.gaussian_filter1d(rng.normal(size=count), PATH_LENGTHS[name], mode="wrap")
        even[name] = special.ndtr((smooth - smooth.mean()) / smooth.std())
    blinks = np.zeros(count)
    blinks[rng.random(count) < 1 / BLINK_EVERY] = 1.0
    closed = ndimage.gaussian_filter1d(blinks, BLINK_LENGTH, mode="wrap") * BLINK_LENGTH * np.sqrt(2 * np.pi)
    eyes = (0.45 + 0.55 * even["eyes"]) * (1 - np.clip(closed, 0, 1))
    signed = {name: 2 * even[name] - 1 for name in ("pose", "smile", "light")}
    return np.stack([signed["pose"], signed["smile"], eyes, signed["light"]], axis=1).astype(np.float32)


def draw(factors: np.ndarray) -> np.ndarray:
    """Draw one frame for each row of factors.

    Args:
        factors: (n, 4), in the order and ranges of `FACTOR_MEANINGS`.

    Returns:
        (n, 28, 20, 1) uint8.
    """
    batches = [_draw_batch(factors[start : start + BATCH]) for start in range(0, len(factors), BATCH)]
    return np.concatenate(batches)


def _draw_batch(factors: np.ndarray) -> np.ndarray:
    pose, smile, eyes, light = (column.astype(np.float32)[:, None, None] for column in factors.T)
    x, y = _sample_grid()
    head = _Head(x, y)
    albedo = _albedo(head, TURN * pose, smile, eyes)
    face = albedo * head.shade(LIGHT_TURN * light)
    picture = _paint(_background(x, y), face, head.inside)
    pixels = picture.reshape(len(factors), HEIGHT, SAMPLES, WIDTH, SAMPLES).mean(axis=(2, 4))
    grey: np.ndarray = np.rint(255 * np.clip(pixels, 0, 1)).astype(np.uint8)
    return grey[..., np.newaxis]


# Lengths from here on are in half widths of the image, so that a pixel is 0.1; x is to the right and y downwards from
# its middle. Reflectances and brightnesses are between 0 (black) and 1 (white).
SKIN, HAIR, DARK, LIPS, WHITE = 0.88, 0.16, 0.10, 0.44, 1.08
HAIRLINE, TEMPLE = -1.08, 1.10
EYE_X, EYE_Y, EYE_WIDTH, EYE_HEIGHT, IRIS = 0.37, -0.30, 0.23, 0.17, 0.085
BROW_Y = -0.58
NOSE_TIP, NOSE_REACH = 0.20, 0.15
MOUTH_Y, MOUTH_WIDTH = 0.62, 0.33
AMBIENT, DIRECT = 0.46, 0.62


def _sample_grid() -> tuple[np.ndarray, np.ndarray]:
    """The middles of all samples: x (1, columns) and y (rows, 1), float32."""
    x = ((np.arange(WIDTH * SAMPLES) + 0.5) / SAMPLES - WIDTH / 2) * (2 / WIDTH)
    y = ((np.arange(HEIGHT * SAMPLES) + 0.5) / SAMPLES - HEIGHT / 2) * (2 / WIDTH)
    return x[None, :].astype(np.float32), y[:, None].astype(np.float32)


def _background(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What is behind the head: a wall, the neck and a dark collar."""
    wall = np.full(np.broadcast_shapes(x.shape, y.shape), 0.62, dtype=np.float32)
    collar = _soft(y - 1.12 + 0.25 * np.exp(-((x / 0.8) ** 2)), 0.08) * _soft(np.abs(x) - 0.42, 0.08)
    neck = _soft(0.5 - np.abs(x), 0.1) * _soft(y - 0.7, 0.1)
    return _paint(_paint(wall, 0.42, neck), 0.2, collar)


class _Head:
    """The surface that each sample shows, before the head is turned; arrays (rows, columns)."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        # The profile is a superellipse: broad at the temples, narrow at the chin (y = 1.35).
        height = np.abs((y + 0.25) / 1.6)
        power = np.float32(2.6)
        radius = 0.90 * np.clip(1 - height**power, 1e-4, None) ** (1 / power)
        slope = np.clip(np.gradient(radius[:, 0], y[:, 0])[:, None], -1.5, 1.5)
        self.y = y
        self.inside = _soft(radius - np.abs(x), 0.08)
        self.azimuth = np.arcsin(np.clip(x / radius, -1, 1))
        length = np.sqrt(1 + slope**2)
        self.normal = (np.sin(self.azimuth) / length, -slope / length, np.cos(self.azimuth) / length)

    def shade(self, azimuth: np.ndarray) -> np.ndarray:
        """Brightness under ambient light and a lamp above, at this azimuth in radians; Lambert's cosine law."""
        across, down, forward = self.normal
        height = np.float32(np.deg2rad(25))
        cosine = np.cos(height) * (np.sin(azimuth) * across + np.cos(azimuth) * forward) - np.sin(height) * down
        brightness: np.ndarray = AMBIENT + DIRECT * np.clip(cosine, 0, None)
        return brightness


def _albedo(head: _Head, turn: np.ndarray, smile: np.ndarray, eyes: np.ndarray) -> np.ndarray:
    """Reflectance of the turned head, (n, rows, columns)."""
    angle = head.azimuth - turn
    y = head.y
    u = 0.87 * angle  # length along the surface, at the height of the eyes
    skin = np.full_like(u, SKIN)
    skin = _eyes(skin, u, y, eyes)
    skin = _mouth(skin, u, y, smile)
    skin = _nose(skin, u, y, turn)
    hairline = HAIRLINE + 0.10 * np.cos(3 * angle)
    hair = np.maximum(
        _soft(hairline - y, 0.12), _soft(np.abs(angle) - TEMPLE - 0.25 * (y + 0.6), 0.15) * _soft(0.1 - y, 0.3)
    )
    return _paint(skin, HAIR, hair)


def _eyes(skin: np.ndarray, u: np.ndarray, y: np.ndarray, openness: np.ndarray) -> np.ndarray:
    aside = np.abs(u) - EYE_X  # both eyes at once: the face is symmetric
    socket = np.exp(-((aside / 0.26) ** 2) - ((y - EYE_Y + 0.06) / 0.20) ** 2)
    skin = skin * (1 - 0.22 * socket)
    brow_y = BROW_Y - 0.08 * (openness - 0.7) + 0.9 * (aside - 0.02) ** 2
    brow = _soft(0.055 - np.abs(y - brow_y), 0.05) * _soft(0.25 - np.abs(aside), 0.08)
    skin = _paint(skin, 0.22, brow)
    # The lower lid stays and the upper one falls: a closed eye is a line along the lower lid.
    across = np.clip(1 - (aside / EYE_WIDTH) ** 2, 0, 1)
    lower = EYE_Y + 0.5 * EYE_HEIGHT * across
    upper = lower - 1.55 * EYE_HEIGHT * openness * across
    width = _soft(EYE_WIDTH - np.abs(aside), 0.05)
    opening = _soft(y - upper, 0.03) * _soft(lower - y, 0.03) * width
    iris = _soft(IRIS - np.hypot(aside, y - EYE_Y + 0.02), 0.04)
    skin = _paint(skin, _paint(np.full_like(iris, WHITE), DARK, iris), opening)
    lashes = _soft(0.035 - np.abs(y - upper), 0.04) * width
    return _paint(skin, DARK, 0.85 * lashes)


def _mouth(skin: np.ndarray, u: np.ndarray, y: np.ndarray, smile: np.ndarray) -> np.ndarray:
    happy, sad = np.clip(smile, 0, 1), np.clip(-smile, 0, 1)
    width = MOUTH_WIDTH + 0.17 * happy - 0.03 * sad
    along = np.abs(u) / width
    bend = np.minimum(along, 1.2) ** 2
    line = MOUTH_Y - (0.20 * happy - 0.20 * sad) * (bend - 0.35)
    # The fold from the wings of the nose to beside the corners of the mouth.
    fold_x = 0.22 + (width - 0.12) * np.clip((y - NOSE_TIP) / (MOUTH_Y - NOSE_TIP), 0, 1)
    fold = np.exp(-(((np.abs(u) - fold_x) / 0.07) ** 2)) * _soft(y - NOSE_TIP, 0.2) * _soft(MOUTH_Y - 0.05 - y, 0.2)
    skin = skin * (1 - 0.17 * happy * fold)
    chin = np.exp(-((u / 0.22) ** 2) - ((y - 0.93) / 0.07) ** 2)
    skin = skin * (1 - 0.16 * chin)
    inside = np.clip(1 - along**4, 0, 1)
    ends = _soft(1 - along, 0.15)
    gap = 0.36 * np.clip(smile - 0.1, 0, 1) * inside
    lips = _soft(y - (line - 0.07 * inside), 0.04) * _soft(line + gap + 0.11 * inside - y, 0.04) * ends
    skin = _paint(skin, LIPS, lips)
    opening = _soft(y - line, 0.03) * _soft(line + gap - y, 0.03) * ends * _soft(gap - 0.02, 0.03)
    teeth = _soft(line + 0.6 * gap - y, 0.04)
    skin = _paint(skin, _paint(np.full_like(teeth, DARK), WHITE, teeth), opening)
    seam = np.maximum(_soft(0.028 - np.abs(y - line), 0.04), 0.45 * _soft(0.022 - np.abs(y - line - gap), 0.04))
    return _paint(skin, DARK, 0.9 * seam * ends)


def _nose(skin: np.ndarray, u: np.ndarray, y: np.ndarray, turn: np.ndarray) -> np.ndarray:
    # The nose stands out of the head, the more the lower, so that turning moves it further than the skin behind it.
    reach = np.clip((y + 0.35) / (NOSE_TIP + 0.35), 0, 1) * _soft(NOSE_TIP + 0.12 - y, 0.1)
    aside = u - NOSE_REACH * np.sin(turn) * reach
    flank = np.exp(-(((np.abs(aside) - 0.13) / 0.06) ** 2)) * reach
    ridge = np.exp(-((aside / 0.06) ** 2)) * reach
    skin = skin * (1 - 0.16 * flank + 0.08 * ridge)
    under = np.exp(-((aside / 0.15) ** 2) - ((y - NOSE_TIP - 0.08) / 0.05) ** 2)
    skin = skin * (1 - 0.35 * under)
    nostrils = np.exp(-(((np.abs(aside) - 0.08) / 0.045) ** 2) - ((y - NOSE_TIP - 0.02) / 0.05) ** 2)
    return _paint(skin, DARK, 0.85 * nostrils)


def _soft(distance: np.ndarray, width: float) -> np.ndarray:
    """1 where the distance is positive and 0 where it is negative, with a linear edge of this width."""
    edge: np.ndarray = np.clip(distance / np.float32(width) + np.float32(0.5), 0, 1)
    return edge


def _paint(under: np.ndarray, colour: np.ndarray | float, cover: np.ndarray) -> np.ndarray:
    """Lay a colour over what is there, as thickly as the cover says."""
    painted: np.ndarray = under + (colour - under) * cover
    return painted
