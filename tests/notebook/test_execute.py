"""A notebook runs in this Python, keeps nothing of the moment, and says which cell failed."""

import os
import signal
import threading
import time

import nbformat
import pytest

from engagelab.notebook.execute import NotebookFailed, _running, execute, text_of


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


def test_the_same_cells_give_the_same_bytes_in_this_python(tmp_path):
    given = notebook("import sys; print(sys.executable.split('/')[-1][:6])", "object()", "len({'a', 'b'}), hash('a')")
    first, second = (text_of(execute(given, folder=tmp_path)) for _ in range(2))
    assert first == second
    assert "0xADDRESS" in first
    assert '"python"' in first


def test_ctrl_c_stops_a_notebook_and_ends_its_kernel(tmp_path):
    started, kernel = tmp_path / "started", []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)   # a run in the background ignores it

    def press():
        while not started.exists() or not started.read_text():
            time.sleep(.05)
        kernel.append(int(started.read_text()))
        os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        execute(notebook("import os, pathlib\n_ = pathlib.Path('started').write_text(str(os.getpid()))",
                         "while True: pass"), folder=tmp_path, timeout=60)
    signal.signal(signal.SIGINT, before)
    pressing.join()
    assert not _running
    with pytest.raises(ProcessLookupError):
        os.kill(kernel[0], 0)


def test_a_failing_cell_is_named_in_one_line(tmp_path):
    with pytest.raises(NotebookFailed) as caught:
        execute(notebook("1", "# why\n1 / 0"), folder=tmp_path)
    assert str(caught.value) == "cell 1 (# why) failed: ZeroDivisionError: division by zero"
