"""Addresses and telephone numbers inside texts: masked, and nothing else with them."""

import pandas as pd
import pytest

from engagelab.sources.addresses import masked, mostly_addresses
from engagelab.sources.read import read


@pytest.mark.parametrize(
    "secret",
    [
        "ann@example.com",
        "a.b+c@mail.example.co.jp",
        "090-1234-5678",
        "09012345678",
        "03-1234-5678",
        "(03) 1234-5678",
        "+81 90 1234 5678",
        "+1 (555) 123-4567",
    ],
)
def test_they_are_masked_in_a_sentence(secret):
    for text in (f"Write to {secret} please", f"連絡先は{secret}です", secret):
        told, n = masked(pd.Series([text]))
        assert secret not in told.iloc[0] and "***" in told.iloc[0], text
        assert n == 1


@pytest.mark.parametrize(
    "text",
    [
        "9 of 10",
        "2026-04-01 10:00:00",
        "order #1001, ¥12,000",
        "04-01-2026",
        "@asanagi says hi",
        "1900000000000000001",
        "https://x.com/a/status/1900000000000000001",
        "0.123456789012",
    ],
)
def test_other_figures_stay(text):
    assert masked(pd.Series([text, None]))[1] == 0


def test_a_column_is_known_by_its_cells():
    assert mostly_addresses(pd.Series(["a@example.com", "", "b@example.com", "none"]))
    assert not mostly_addresses(pd.Series(["", ""]))


def test_a_free_answer_does_not_carry_its_writers_address(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("Timestamp,Why?\n2025/07/11 10:16:35 AM GMT+9,call 090-1234-5678\n", encoding="utf-8")
    reading = read(path)
    assert reading.frame["text"].tolist() == ["call ***"]
    assert "1234" not in reading.raw.to_csv()
    assert "1 free texts" in reading.report()
    assert read(path, keep_personal=True).frame["text"].tolist() == ["call 090-1234-5678"]
