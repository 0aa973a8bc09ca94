"""Clients whose disk, files or kernels fail are told of in one line each, and all others have whole pages."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from nbformat.v4 import new_output

from benchmarks.tasks import report_clients as trial
from engagelab import words
from engagelab.files import PREFIX
from engagelab.notebook.execute import NotebookFailed
from engagelab.report import run
from tests.report import tiny

pytestmark = pytest.mark.skipif(not hasattr(trial, "resource") or not hasattr(trial.os, "mkfifo"),
                                reason="Windows limits no file size and has no pipes among files")
SAID = {
    "blocked": "blocked/01_orders.html was not written: what should be its folder is a file. "
               "What stood there before is as it was",
    "full": "full/01_orders.html was not written: it is larger than this system lets a file be. "
            "What stood there before is as it was",
    "growing": "orders.csv: changed or went away while it was read; run the report again once nobody writes there",
    "killed": "Orders: no page, because its kernel ended, most often for lack of memory: try --jobs 1",
    "locked": "locked/orders.csv: access is denied, or another program holds it open",
    "pipe": "pipe gives no table: there is no CSV or XLSX file in it; not exports, left alone: orders.csv",
    "vanishing": "orders.csv: changed or went away while it was read; run the report again once nobody writes there"}
JAPANESE = {
    "blocked": "blocked/01_orders.htmlを保存できませんでした（保存先のフォルダー名がファイルとして使われています）。"
               "以前のファイルはそのまま残っています",
    "full": "full/01_orders.htmlを保存できませんでした（この環境で許されるファイルサイズの上限を超えています）。"
            "以前のファイルはそのまま残っています",
    "growing": "orders.csv：読み込み中に変更または削除されました。"
               "書き込みが終わってからもう一度レポートを作成してください",
    "killed": "Orders：ページを作成できませんでした（カーネルが終了しました。多くの場合メモリー不足が原因です。"
              "--jobs 1を試してください）",
    "locked": "locked/orders.csv：アクセス権がないか、ほかのプログラムが開いています",
    "pipe": "pipeから読み込めるテーブルがありません：CSVファイルもXLSXファイルもありません; "
            "エクスポートではないため対象外としたファイル：orders.csv",
    "vanishing": "orders.csv：読み込み中に変更または削除されました。"
                 "書き込みが終わってからもう一度レポートを作成してください"}


@pytest.fixture(autouse=True)
def english():
    yield
    words.set_language("en")


def pretend(notebook, *, folder, env=None):
    """In place of a kernel: what the notebook of the trial does."""
    faulty, client = "ENGAGELAB_FAULTS" in trial.os.environ, Path(eval(notebook.cells[2].source.split()[2])).name
    if faulty and client == "killed":
        raise NotebookFailed("notebook.died")
    done = tiny.pretend(notebook, folder=folder)
    if faulty and client == "full":
        done.cells[-1].outputs = [new_output("stream", text="x\n" * trial.ROOM)]
    return done


def check(root, out, language, said):
    """A run without a fault and then one with all of them, into the same folder."""
    assert not any(trial.report(root, out, faulty=False, language=language).values())
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    for path in sorted((out / "blocked").iterdir()):
        path.unlink()
    (out / "blocked").rmdir()
    told = trial.report(root, out, faulty=True, language=language)
    assert {name: problems for name, problems in told.items() if problems} == {
        name: [line] for name, line in said.items()}
    after = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    whole = {path for path in before if path.parent.name.startswith(("whole", "full"))}
    assert len(whole) >= 8 and all(after[path] == before[path] for path in whole)   # the page that found no room, too
    assert not [path for path in after if PREFIX in str(path)]
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    for name, one in manifest["files"].items():
        assert sha256((out / name).read_bytes()).hexdigest() == one["sha256"]
    assert not {name for name in manifest["files"] if name.startswith(("full", "blocked"))}
    index = (out / "index.html").read_text("utf-8")
    assert all(line in index for line in said.values()) and 'href="blocked' not in index


@pytest.mark.parametrize(("language", "said"), [("en", SAID), ("ja", JAPANESE)])
def test_seven_faults_at_once_cost_their_clients_alone(tmp_path, monkeypatch, language, said):
    monkeypatch.setattr(run, "execute", pretend)
    monkeypatch.setattr(run, "find_spec", lambda name: None)    # no slides
    check(trial.data(tmp_path, 10), tmp_path / "out", language, said)


@pytest.mark.slow
def test_seven_faults_at_once_cost_their_clients_alone_with_kernels_that_run(tmp_path):
    check(trial.data(tmp_path, 10), tmp_path / "out", "en", SAID)
