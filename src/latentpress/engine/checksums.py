"""Files that know whether they are whole: SHA-256 of the body, a newline, the body."""

from __future__ import annotations

import hashlib


def add_checksum(body: bytes) -> bytes:
    """What is written for a body."""
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def take_checksum(data: bytes) -> bytes | None:
    """The body of what `add_checksum` gave; None where a single bit of it was altered."""
    check, _, body = data.partition(b"\n")
    return body if hashlib.sha256(body).hexdigest().encode() == check else None
