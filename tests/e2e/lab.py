"""A JupyterLab server on a copy of the lessons, and a notebook in it as a person has it in the browser.

What it waits for is what a person sees: the kernel's name and "Idle" in the status bar, and a number in the brackets
of each cell. The toolbar's own status says "idle" before there is a kernel.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engagelab.cli import ALONE
from engagelab.notebook.browsers import browser
from engagelab.notebook.execute import ONE_WAY

TOKEN = "only-for-this-test"
MINUTE = 60_000  # milliseconds
IDLE = ".jp-StatusBar-Widget >> text=/Python 3.*Idle/"
NUMBER = re.compile(r"\[\d+\]:")
LOCAL = ("data:", "blob:", "file:", "about:", "chrome-extension:")
QUIET = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")
SETTINGS = {
    # Cells out of sight are otherwise taken off the page.
    "notebook-extension/tracker": {"windowingMode": "none"},
    # What is typed is what arrives: no bracket and no suggestion is added.
    "codemirror-extension/plugin": {"defaultConfig": {"autoClosingBrackets": False}},
}


def free_port() -> int:
    """A port of the loopback on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """JupyterLab on a folder, with configuration of its own; gives its address."""
    own = folder.parent / "jupyter"
    for name, values in SETTINGS.items():
        path = own / "settings/@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    places = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
              "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython"}
    port = free_port()
    log = (folder.parent / "server.log").open("w", encoding="utf-8")
    running = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *ALONE, "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
         f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
         f"--ServerApp.root_dir={folder}"],
        env={**os.environ, **ONE_WAY, **{name: str(own / place) for name, place in places.items()}},
        stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/api?token={TOKEN}", running, folder.parent / "server.log")
        yield address
    finally:
        running.terminate()
        try:
            running.wait(timeout=30)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        log.close()


def wait_for(address: str, running: subprocess.Popen, log: Path, seconds: float = 120) -> None:
    """Until the server answers; its log, where it does not."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and running.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(.3)
    raise RuntimeError("JupyterLab did not start:\n" + log.read_text("utf-8")[-2000:])


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser with a fresh profile."""
    from playwright.sync_api import sync_playwright  # an extra: those who lack it skip these tests

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(browser()), args=list(QUIET))
        try:
            yield opened
        finally:
            opened.close()


@dataclass
class Seen:
    """A page of the browser, and what went wrong on it: errors of its code, and requests that left this machine."""

    page: Any
    errors: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


@contextmanager
def tab(browser: Any, *, width: int = 1400, height: int = 1000) -> Iterator[Seen]:
    """A new tab, with a profile of its own; what asks for another machine is refused and kept."""
    context = browser.new_context(viewport={"width": width, "height": height})
    seen = Seen(context.new_page())

    def guard(route):
        address = route.request.url
        if address.startswith(("http://127.0.0.1:", *LOCAL)):
            route.continue_()
        else:
            seen.outside.append(address)
            route.abort()

    context.route("**/*", guard)
    seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
    seen.page.on("console", lambda said: seen.console.append(said.text) if said.type == "error" else None)
    try:
        yield seen
    finally:
        context.close()


class Lesson:
    """A notebook that is open in JupyterLab."""

    def __init__(self, page: Any, address: str, path: str):
        self.page = page
        page.goto(f"{address}/lab/tree/{path}?token={TOKEN}&reset", timeout=2 * MINUTE)
        page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell", timeout=2 * MINUTE)
        page.wait_for_selector(IDLE, timeout=2 * MINUTE)

    def run_all(self) -> None:
        """Run All Cells, from the menu, until each has its number and the kernel rests."""
        self.page.click('.lm-MenuBar-itemLabel:text-is("Run")')
        self.page.click('.lm-Menu-itemLabel:text-is("Run All Cells")')
        self.until(lambda: "[*]:" in self.prompts())  # the stored numbers are gone
        self.until(lambda: all(NUMBER.fullmatch(prompt) for prompt in self.prompts()))
        self.page.wait_for_selector(IDLE, timeout=2 * MINUTE)

    def until(self, true: Callable[[], bool], seconds: float = 120) -> None:
        """Wait until something is true. (The browser's own waiting for a function hangs in JupyterLab.)"""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise TimeoutError(f"not within {seconds} s; the brackets say {self.prompts()}")
            self.page.wait_for_timeout(200)

    def prompts(self) -> list[str]:
        """What stands in the brackets before each code cell that holds something."""
        return self.page.evaluate(
            """() => [...document.querySelectorAll('.jp-NotebookPanel .jp-CodeCell')]
                 .filter(cell => cell.querySelector('.cm-content').textContent.trim())
                 .map(cell => cell.querySelector('.jp-InputPrompt').textContent)""")

    def outputs(self) -> list[int]:
        """How many outputs each code cell shows."""
        return self.page.evaluate(
            """() => [...document.querySelectorAll('.jp-NotebookPanel .jp-CodeCell')]
                 .map(cell => cell.querySelectorAll('.jp-OutputArea-child').length)""")

    def pictures(self) -> list[tuple[float, float]]:
        """The size on the screen of each picture among the outputs."""
        return pictures(self.page, ".jp-NotebookPanel .jp-OutputArea-output img")

    def errors(self) -> list[str]:
        """What cells say that failed."""
        return self.page.evaluate(
            """() => [...document.querySelectorAll('.jp-NotebookPanel [data-mime-type*="error"],'
                 + '.jp-NotebookPanel [data-mime-type*="stderr"]')].map(node => node.textContent)""")

    def cell(self, number: int) -> Any:
        """A cell by its place in the notebook, from 0."""
        return self.page.locator(".jp-NotebookPanel .jp-Cell").nth(number)

    def type_below(self, number: int, line: str, lines: list[str]) -> None:
        """Type lines below a line of a cell, key by key, and run the cell."""
        self.cell(number).locator(".cm-line", has_text=line).click()
        self.page.keyboard.press("End")
        for text in lines:
            self.page.keyboard.press("Enter")
            self.page.keyboard.type(text)
        self.page.keyboard.press("Control+Enter")


def pictures(page: Any, which: str) -> list[tuple[float, float]]:
    """The size on the screen of each picture that a selector finds; (0, 0) for one that the browser cannot draw."""
    return [(width, height) for width, height in page.evaluate(
        """which => Promise.all([...document.querySelectorAll(which)]
             .map(img => img.decode().then(() => [img.width, img.height], () => [0, 0])))""", which)]


def copied(root: Path, folder: Path) -> Path:
    """What a person has who unpacked the project: lessons, the copies for students, and data."""
    folder.mkdir(parents=True)
    shutil.copy(root / "pyproject.toml", folder)
    for name in ("notebooks", "workshop"):
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name)
    shutil.copytree(root / "data", folder / "data", ignore=shutil.ignore_patterns("exports"))
    return folder
