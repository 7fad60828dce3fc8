"""Every key of a TOML text is found on the line it stands on."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from models.toml_lines import key_lines, line_of

EXAMPLE = Path(__file__).parents[2] / "clinics" / "example.toml"

TEXT = (
    r"""# comment with [brackets] and "quotes"
top = 1

[a]
b.c = "x # not a comment"
"quoted.key" = 'lit"""
    + "'"
    + r'''
list = [
  1, # one
  "two]", [3, 4],
  { deep = true, more.deeper = 2026-01-01 },
]
[[rows]]
name = """three
lines \""" and
""""

[rows.sub]
x = 1979-05-27 07:32:00
[[rows]]
sub.x = """"""
[[rows.inner]]
y = { }
[[rows.inner]]
y = {z={zz=1}}
'a"b' = '\'
"A\"" = 1e6
'''
)

LINES = {
    (): 1,
    ("top",): 2,
    ("a",): 4,
    ("a", "b"): 5,
    ("a", "b", "c"): 5,
    ("a", "quoted.key"): 6,
    ("a", "list"): 7,
    ("a", "list", 0): 8,
    ("a", "list", 1): 9,
    ("a", "list", 2): 9,
    ("a", "list", 2, 1): 9,
    ("a", "list", 3, "deep"): 10,
    ("a", "list", 3, "more", "deeper"): 10,
    ("rows",): 12,
    ("rows", 0): 12,
    ("rows", 0, "name"): 13,
    ("rows", 0, "sub"): 17,
    ("rows", 0, "sub", "x"): 18,
    ("rows", 1): 19,
    ("rows", 1, "sub", "x"): 20,
    ("rows", 1, "inner", 0): 21,
    ("rows", 1, "inner", 0, "y"): 22,
    ("rows", 1, "inner", 1): 23,
    ("rows", 1, "inner", 1, "y", "z", "zz"): 24,
    ("rows", 1, "inner", 1, 'a"b'): 25,
    ("rows", 1, "inner", 1, 'A"'): 26,
}


def paths(value: Any, here: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """Every path inside a parsed value."""
    found = {here}
    if isinstance(value, dict):
        for key, one in value.items():
            found |= paths(one, (*here, key))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            found |= paths(one, (*here, number))
    return found


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_each_key_is_on_its_line(ending: str) -> None:
    text = TEXT.replace("\n", ending)
    lines = key_lines(text)
    for path, line in LINES.items():
        assert lines[path] == line, path
    assert set(lines) == paths(tomllib.loads(text))


def test_the_example_is_understood_completely() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    lines = key_lines(text)
    assert set(lines) == paths(tomllib.loads(text))
    written = text.splitlines()
    for path, line in lines.items():
        names = [part for part in path if isinstance(part, str)]
        if isinstance(path[-1] if path else 0, str):
            assert names[-1] in written[line - 1], path


def test_a_key_that_is_not_written_is_placed_at_its_table() -> None:
    lines = key_lines("[a]\nx = 1\n[b]\ny = 2\n")
    assert line_of(lines, ("b", "z", 0)) == 3
    assert line_of(lines, ("c",)) == 1
