"""Where this machine keeps a Chromium, Chrome or Edge, which prints pages to PDF."""

import os
import shutil
from pathlib import Path

VARIABLE = "ENGAGELAB_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge",
         "microsoft-edge-stable", "msedge")
MACOS = ("Google Chrome", "Microsoft Edge", "Chromium")
WINDOWS = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe",
           "Chromium/Application/chrome.exe")


def browser() -> Path | None:
    """The program of a browser that prints PDF: the one that ENGAGELAB_BROWSER names, else the first that is found.

    Looked for on the PATH and in the usual places of Windows and macOS. None where there is none, and where the
    variable names something else than a file or a program on the PATH.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return _program(named)
    return next((found for found in map(_program, [*NAMES, *map(str, _usual())]) if found), None)


def _program(name: str) -> Path | None:
    found = shutil.which(name) or (name if Path(name).is_file() else None)
    return Path(found) if found else None


def _usual() -> list[Path]:
    apps = [root / f"{name}.app/Contents/MacOS/{name}" for root in (Path("/Applications"), Path.home() / "Applications")
            for name in MACOS]
    roots = [os.environ[name] for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA") if os.environ.get(name)]
    return apps + [Path(root) / place for root in roots for place in WINDOWS]
