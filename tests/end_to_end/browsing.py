"""A real Chromium for tests of the HTML report."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPTIONS = ["--no-sandbox", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"]
"""As root, without a graphics card, and in a container with little shared memory."""


def find_chromium() -> str | None:
    """LATENTPRESS_CHROMIUM, else the first browser of its family on the PATH."""
    return os.environ.get("LATENTPRESS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def watched(context: Any, address: str) -> tuple[Any, list[str]]:
    """A page in a window, and the list of what goes wrong there or leaves the machine."""
    page, wrong = context.new_page(), list[str]()
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(LOCAL) else wrong.append(request.url))
    page.goto(address)
    return page, wrong


LOCAL = ("file:", "data:", "blob:", "about:")


@contextmanager
def chromium() -> Iterator[Any]:
    """A running browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()
