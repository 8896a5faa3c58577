"""A report as it was built is verified, however it was saved again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from latentpress.review.verify import verify


def checked(data: bytes, folder: Path, **options: Any) -> Any:
    path = folder / "report.pdf"
    path.write_bytes(data)
    return verify(path, **options)


def test_a_report_as_it_was_built_is_verified(genuine: bytes, tmp_path: Path) -> None:
    review = checked(genuine, tmp_path)
    assert review.verdict == "verified", [finding.told() for finding in review.altered]
    assert {check.name for check in review.checks} >= {"attachments", "seal", "numbers", "figures", "claims", "health"}
    done = {check.name: check.looked_at for check in review.checks}
    assert done["numbers"] >= 10 and done["figures"] == 2 and done["claims"] == 1 and done["health"] >= 1
