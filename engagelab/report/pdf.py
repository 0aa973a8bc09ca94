"""A page as PDF, printed by the Chromium, Chrome or Edge that is installed.

Headless printing: developer.chrome.com/docs/chromium/headless. The browser writes the moment of printing into the
document (ISO 32000-1, 14.3.3); a fixed stamp of the same length takes its place, so that a page gives the same bytes.
"""

import os
import re
import subprocess
from pathlib import Path

from engagelab.errors import EngagelabError
from engagelab.files import scratch, why, write_text

FLAGS = ("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-pdf-header-footer",
         "--host-resolver-rules=MAP * ~NOTFOUND")  # it would ask its maker for updates all the same
STAMP = re.compile(rb"(?<=Date \()D:\d{14}[+-]\d\d'\d\d'(?=\))")
FIXED = b"D:20000101000000+00'00'"
PRINTER = re.compile(rb"/Producer \(([^)]*)\)")


class NoPDF(EngagelabError):
    """A page that the browser did not print."""


def pdf(page: str, browser: Path, *, timeout: float = 180) -> bytes:
    """The PDF of a page that stands alone: A4 as its style says, the same bytes for the same page and browser.

    timeout : seconds after which a browser that does not answer is ended.

    Errors: NoPDF, with what the browser said, where it cannot be started, does not answer, or prints nothing.
    """
    with scratch() as name:
        folder = Path(name)
        source, made, said = folder / "page.html", folder / "page.pdf", folder / "said"
        write_text(source, page)
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # Chromium refuses it as root
        command = [str(browser), *FLAGS, *root, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={made}",
                   source.as_uri()]
        try:
            with said.open("wb") as file:   # a pipe would be kept open by what a killed browser leaves behind
                subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file,  # noqa: S603 our own words
                               timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            raise NoPDF("report.browser_hangs", browser=browser.name, seconds=f"{timeout:g}") from None
        except OSError as error:
            raise NoPDF("report.browser_fails", browser=browser.name, problem=why(error)) from None
        content = made.read_bytes() if made.is_file() else b""
        if not content.rstrip().endswith(b"%%EOF"):
            lines = [line for line in said.read_text("utf-8", "replace").splitlines() if "dbus" not in line]
            raise NoPDF("report.browser_fails", browser=browser.name, problem=lines[-1].strip() if lines else "")
    return STAMP.sub(FIXED, content)


def printer(content: bytes) -> str:
    """The library that made a PDF, with its version; "" where it does not say.

    >>> printer(b"%PDF-1.4 ... /Producer (Skia/PDF m156) ...")
    'Skia/PDF m156'
    """
    found = PRINTER.search(content)
    return found[1].decode("latin-1") if found else ""
