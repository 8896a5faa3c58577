"""Architecture tables and operation counts, read from the built Keras models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras


def describe(parts: Mapping[str, Any]) -> dict[str, Any]:
    """What the report says of a model's architecture.

    Args:
        parts: ``encoder``, ``decoder`` and perhaps ``bottleneck``, built.

    Returns:
        ``parts`` (each a title and its layers: layer, output_shape, parameters, description), ``parameters``
        (trainable, in all), ``flops_per_image`` of one forward pass (two per multiplication and addition), and
        ``decoder_flops_per_image``, the decoder's part of it.
    """
    tables: list[dict[str, Any]] = [{"title": "Encoder", "layers": [_row(layer) for layer in parts["encoder"].layers]}]
    if parts.get("bottleneck") is not None:
        tables.append({"title": "Sampling", "layers": [_sampling_row(parts)]})
    tables.append({"title": "Decoder", "layers": [_row(layer) for layer in parts["decoder"].layers]})
    encoder, decoder = (sum(forward_flops(layer) for layer in parts[part].layers) for part in ("encoder", "decoder"))
    return {
        "parts": tables,
        "parameters": sum(row["parameters"] for table in tables for row in table["layers"]),
        "flops_per_image": encoder + decoder,
        "decoder_flops_per_image": decoder,
    }


def forward_flops(layer: keras.layers.Layer) -> int:
    """Floating-point operations of one image's forward pass through a layer; 0 for layers without kernel."""
    if not hasattr(layer, "kernel"):
        return 0
    kernel: tuple[int, ...] = tuple(layer.kernel.shape)
    if isinstance(layer, keras.layers.Conv2DTranspose):
        positions: int = math.prod(layer.input.shape[1:3])
    elif isinstance(layer, keras.layers.Conv2D):
        positions = math.prod(layer.output.shape[1:3])
    else:
        positions = 1
    return 2 * math.prod(kernel) * positions


def _row(layer: keras.layers.Layer) -> dict[str, Any]:
    return {
        "layer": layer.name.replace("_", " "),
        "output_shape": _shape(layer.output.shape[1:]),
        "parameters": layer.count_params(),
        "description": _description(layer),
    }


def _sampling_row(parts: Mapping[str, Any]) -> dict[str, Any]:
    code = parts["decoder"].input.shape[1:]
    return {
        "layer": "sampling",
        "output_shape": _shape(code),
        "parameters": 0,
        "description": "z = mean + standard deviation × noise; the mean outside training",
    }


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(str(size) for size in shape)


def _description(layer: keras.layers.Layer) -> str:
    activation = getattr(layer, "activation", None)
    name = getattr(activation, "__name__", "linear")
    then = "" if name == "linear" else f", then {'ReLU' if name == 'relu' else name}"
    match layer:
        case keras.layers.Dropout():
            return f"{100 * layer.rate:g} % set to zero while training"
        case keras.layers.BatchNormalization():
            return "batch normalisation"
        case keras.layers.Conv2DTranspose():
            return f"{_shape(layer.kernel_size)} transposed convolution, stride {layer.strides[0]}{then}"
        case keras.layers.Conv2D():
            stride = f", stride {layer.strides[0]}" if layer.strides[0] > 1 else ""
            return f"{_shape(layer.kernel_size)} convolution{stride}, {layer.padding} padding{then}"
        case keras.layers.MaxPooling2D():
            return f"{_shape(layer.pool_size)} maximum"
        case keras.layers.Dense():
            return f"fully connected{then}"
        case keras.layers.ZeroPadding2D():
            return f"{layer.padding[0][0]} pixels of zeros on every side"
        case keras.layers.InputLayer():
            return "input"
        case keras.layers.Activation() if layer.activity_regularizer is not None:
            return "the penalised activations, unchanged"
        case keras.layers.Activation():
            return "ReLU" if name == "relu" else name
        case keras.layers.Concatenate():
            return "side by side"
        case _:
            return {
                "Flatten": "to a vector",
                "Reshape": "to the given shape",
                "Posterior": "mean and log variance",
            }.get(type(layer).__name__, type(layer).__name__)
