"""Writing a file whole or not at all: a killed run leaves the old file as it was."""

import os
import tempfile
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> None:
    """Put the content in the file at `path`; its folder is made where it lacks.

    The content goes to a temporary file in the same folder first, which then takes the name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(0o644)  # mkstemp gives 0600, which a colleague could not read
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, content: str) -> None:
    """Put the text in the file at `path`, as UTF-8 with the line endings that it has."""
    write_bytes(path, content.encode("utf-8"))
