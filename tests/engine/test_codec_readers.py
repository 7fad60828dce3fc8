"""Who may read: what an admin may write, and what is refused with the entry's name."""

from __future__ import annotations

import pytest

from engine.codec_readers import Readers
from models.errors import ConfigError

ONE, TWO = "first-token-of-somebody", "second-token-of-somebody"


def test_entries_are_divided_by_commas_or_lines() -> None:
    readers = Readers.parse(f"alex:{ONE},\n sam.b-2:{TWO}:with/colons+=\n")
    assert [reader.name for reader in readers.everybody] == ["alex", "sam.b-2"]
    found = readers.with_token(f"{TWO}:with/colons+=")
    assert found is not None
    assert found.name == "sam.b-2"
    assert readers.with_token(TWO) is None


def test_a_name_may_have_two_tokens_while_one_is_replaced() -> None:
    readers = Readers.parse(f"alex:{ONE},alex:{TWO}")
    assert [r.name for t in (ONE, TWO) if (r := readers.with_token(t))] == ["alex", "alex"]


def test_nobody_is_let_in_by_an_empty_list() -> None:
    for text in ("", " , \n"):
        readers = Readers.parse(text)
        assert not readers
        assert readers.with_token("") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ONE, "token 1 must be written as name:token"),
        (f"alex:{ONE},:{TWO}", "token 2 must be written"),
        (f"al ex:{ONE}", "token 1 must be written"),
        ("alex:short", "'alex' must have at least 20"),
        (f"alex:{ONE}é", "'alex' must have at least 20 printable"),
        (f"alex:{ONE},sam:{ONE}", "'alex' and 'sam' are the same"),
    ],
)
def test_a_wrong_entry_is_named_and_its_token_is_not(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        Readers.parse(text)
    assert ONE not in str(refused.value)
    assert "short" not in str(refused.value)
