"""The stage that makes a data set: reads or draws it, checks it, splits it, and states what was done."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import ValidationError

from latentpress.datasets.content import SPLITS, DataSet, digest, limited
from latentpress.datasets.settings import MODULES, DataSettings, Limit
from latentpress.engine.stage import Result, Task
from latentpress.errors import SettingsError


def prepare(task: Task) -> Result:
    """Make the artifact of a data set.

    Args:
        task: its settings are those of `DataSettings`; its files are those that
            `latentpress.datasets.sources.locate` found.

    Returns:
        Arrays ``images`` (uint8 (n, H, W, C) by split), ``labels`` (uint8 (n,), for digits), ``factors``
        (float32 (n, 4), for drawn faces), and the values ``facts``.

    Raises:
        DataError: a file is damaged or holds something else.
        SettingsError: the settings are not those of a data set.
    """
    try:
        settings = DataSettings.model_validate(dict(task.settings))
    except ValidationError as error:
        raise SettingsError(f"the settings of stage {task.name} are wrong: {error}") from None
    module = importlib.import_module(MODULES[settings.data, settings.source])
    data: DataSet = module.load(task.files)
    arrays = {"images": dict(data.images)}
    arrays.update({"labels": dict(data.labels)} if data.labels is not None else {})
    arrays.update({"factors": dict(data.factors)} if data.factors is not None else {})
    origins = dict(data.origins)
    if settings.limit is not None:
        counts = settings.limit.model_dump()
        arrays = {name: limited(content, counts) for name, content in arrays.items()}
        origins = limited(origins, counts)
    originals = {name: len(np.unique(origins[name])) for name in SPLITS}
    return Result(arrays=dict(arrays), values={"facts": facts(settings, data, arrays, originals)})


def facts(
    settings: DataSettings,
    data: DataSet,
    arrays: Mapping[str, Mapping[str, np.ndarray]],
    originals: Mapping[str, int],
) -> dict[str, Any]:
    """What the report says of a data set; JSON values only.

    Args:
        settings: those of the stage.
        data: the whole data set.
        arrays: what is left of it after a limit.
        originals: split to the number of different originals in it.
    """
    images = arrays["images"]
    height, width, channels = images["train"].shape[1:]
    return {
        "dropped": 0,
        "factor_names": [],
        **data.facts,
        "data": settings.data,
        "source": settings.source,
        "title": data.title,
        "counts": {name: len(images[name]) for name in SPLITS},
        "originals": dict(originals),
        "height": height,
        "width": width,
        "channels": channels,
        "classes": len(data.class_names) or None,
        "class_names": list(data.class_names) or None,
        "digests": {
            **data.sources,
            **{f"{kind}/{name}": digest(array) for kind, split in arrays.items() for name, array in split.items()},
        },
        "split": data.split,
        "citation": data.citation,
        "preprocessing": [*data.preprocessing, *_limit_sentence(settings.limit)],
    }


def _limit_sentence(limit: Limit | None) -> list[str]:
    if limit is None:
        return []
    return [
        f"For a quick run at most {limit.train:,} training, {limit.validation:,} validation and {limit.test:,} test "
        "images are kept, evenly spaced."
    ]
