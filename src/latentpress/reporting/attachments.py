"""The files that a report's PDF carries: its numbers, tables, settings and environment, and the seal over all of it."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import pikepdf

from latentpress.reporting.page_text import page_texts
from latentpress.reporting.provenance import ABSENT
from latentpress.reporting.sealing import FORMAT, SEAL, sealed_parts

REPORT, SETTINGS, ENVIRONMENT, LOCK, TEXT = (
    "report.json", "settings.json", "environment.txt", "requirements.txt", "text.json",
)  # fmt: skip
REPORT_FORMAT = 2
"""Of report.json. A change of its keys, or of what they mean, counts it up; readers refuse another one."""
_DESCRIPTIONS = {
    REPORT: "Every metric, claim, health check and stage of this report",
    SETTINGS: "Settings of the experiments, of the sections and of every stage",
    ENVIRONMENT: "Versions of Python and of the packages that computed it",
    LOCK: "The locked packages of the project, with their hashes",
    TEXT: "The text of each page, by which a changed one is found",
    SEAL: "Digests of every page and of every other attached file",
}
_TYPES = {".json": "application/json", ".csv": "text/csv", ".txt": "text/plain"}


def attachments(files: Mapping[str, bytes], lock: bytes | None) -> dict[str, bytes]:
    """The files to attach, by name.

    Args:
        files: of the assembled report: ``report.json`` and ``tables/*.csv``.
        lock: of the project's environment, if it has one.
    """
    report = json.loads(files[REPORT])
    found = {
        REPORT: files[REPORT],
        SETTINGS: as_json(settings_of(report)),
        ENVIRONMENT: environment_of(report),
        **({LOCK: lock} if lock is not None else {}),
    }
    tables = {PurePosixPath(name).name: data for name, data in sorted(files.items()) if name.startswith("tables/")}
    return {**found, **tables}


def settings_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the experiments and sections, and of each stage under the digest that the appendix prints."""
    stages = {
        entry["stage"]: {"digest": entry["settings_digest"], "settings": entry["settings"]}
        for entry in report["provenance"]
    }
    return {"profile": report["profile"], **report["settings"], "stages": stages}


def environment_of(report: Mapping[str, Any]) -> bytes:
    """What pip reads: one ``name==version`` a line, for the packages that took part, under remarks on the machine."""
    machine = ("operating_system", "processor", "device", "threads", "python")
    known = report["environment"]
    lines = [f"# {name.replace('_', ' ')}: {known[name]}" for name in machine if name in known]
    packages: dict[str, str] = {}
    for entry in report["provenance"]:
        packages.update({name: version for name, version in entry["packages"].items() if version != ABSENT})
    lines += [f"{name}=={version}" for name, version in sorted(packages.items())]
    return ("\n".join(lines) + "\n").encode()


def attach(data: bytes, files: Mapping[str, bytes]) -> bytes:
    """The PDF with files attached, sealed.

    Args:
        data: the PDF.
        files: name to content.

    Returns:
        The PDF; the same bytes for the same input.
    """
    data = with_short_boxes(data)
    texts = page_texts(data)
    carried = {**files, TEXT: as_json(texts)}
    with pikepdf.open(io.BytesIO(data)) as pdf:
        for name, content in carried.items():
            _attach(pdf, name, content)
        sealed = saved(pdf)
    with pikepdf.open(io.BytesIO(sealed)) as pdf:
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in carried.items()}
        seal = {"format": FORMAT, "parts": sealed_parts(pdf), "attachments": digests}
        _attach(pdf, SEAL, as_json(seal))
        return saved(pdf)


def with_short_boxes(data: bytes) -> bytes:
    """The PDF with three digits behind the point in the boxes of pictures: some programs keep no more than that."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        for found in pdf.objects:
            if isinstance(found, pikepdf.Stream) and "/BBox" in found:
                found["/BBox"] = pikepdf.Array([round(Decimal(side), 3) for side in found["/BBox"]])  # type: ignore[arg-type]
        return saved(pdf)


def _attach(pdf: pikepdf.Pdf, name: str, content: bytes) -> None:
    digest = hashlib.sha256(content).hexdigest()
    specification = pikepdf.AttachedFileSpec(
        pdf,
        content,
        filename=name,
        description=f"{_DESCRIPTIONS.get(name, 'A table of this report')}. SHA-256: {digest}",
        mime_type=_TYPES[PurePosixPath(name).suffix],
        creation_date="",
        mod_date="",
    )
    specification.obj.AFRelationship = pikepdf.Name.Data
    pdf.attachments[name] = specification
    # Which files belong to the document; some versions of pikepdf keep that list themselves, and some do not.
    pdf.Root.AF = pikepdf.Array([pdf.attachments[known].obj for known in sorted(pdf.attachments)])


def as_json(values: Any) -> bytes:
    """JSON as the project writes it: sorted keys, one line end at the end."""
    return (json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def saved(pdf: pikepdf.Pdf) -> bytes:
    """The PDF as bytes that depend on its content alone."""
    buffer = io.BytesIO()
    pdf.save(
        buffer,
        deterministic_id=True,
        recompress_flate=True,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
    )
    return buffer.getvalue()
