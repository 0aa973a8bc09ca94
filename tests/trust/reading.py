"""Reads a folder in fifty threads at once: `python -m tests.trust.reading FOLDER`; prints what each found, once."""

import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Barrier

from engagelab.notebook.setup import open_data

THREADS = 50


def digest(folder, start):
    """The tables of a folder and what was said of them, as a checksum; "" and the error where it could not be read."""
    start.wait()    # all at once
    try:
        found = open_data(folder)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    text = "\n".join([found.frame.to_csv(), *(frame.to_csv() for frame in found.tables.values())])
    return f"{len(found.tables)} {sha256(text.encode()).hexdigest()} {sum(map(len, found.tables.values()))}"


if __name__ == "__main__":
    start = Barrier(THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda _: digest(sys.argv[1], start), range(THREADS)))
    print(*sorted(set(found)), sep="\n")
