"""On which line of a TOML text each key stands.

``tomllib`` gives values without positions; an error that names a key of a policy file should name
its line as well. The text must already have been accepted by ``tomllib``: this scanner only
follows its structure and never judges it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Key = str | int
Path = tuple[Key, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")  # white space, line ends and comments
_SCALAR = re.compile(r"[^,\]}#\r\n]*")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_PLAIN_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def key_lines(text: str) -> dict[Path, int]:
    """The line (from 1) on which each dotted key, table and array element is first written.

    Array elements and tables of an array of tables are numbered from 0:
    ``("clinics", 1, "zone")``. The empty path is line 1.
    """
    return _Scanner(text).run()


def line_of(lines: dict[Path, int], path: Sequence[Key]) -> int:
    """The line of *path*, or of the nearest table around it that is written down."""
    for length in range(len(path), -1, -1):
        line = lines.get(tuple(path[:length]))
        if line is not None:
            return line
    return 1


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.lines: dict[Path, int] = {(): 1}
        self.last: dict[Path, int] = {}  # array of tables -> number of its newest table

    def run(self) -> dict[Path, int]:
        table: Path = ()
        self.skip(_GAP)
        while self.place < len(self.text):
            if self.take("[["):
                name = self.current(self.dotted(), of_array=True)
                self.last[name] = self.last.get(name, -1) + 1
                table = (*name, self.last[name])
                self.note(table)
                self.take("]]")
            elif self.take("["):
                table = self.current(self.dotted())
                self.note(table)
                self.take("]")
            else:
                self.pair(table)
            self.skip(_GAP)
        return self.lines

    def current(self, names: Path, *, of_array: bool = False) -> Path:
        """*names* with the number of the newest table after each array of tables."""
        path: Path = ()
        for place, name in enumerate(names):
            path = (*path, name)
            ends = place == len(names) - 1
            if path in self.last and not (of_array and ends):
                path = (*path, self.last[path])
        return path

    def pair(self, table: Path) -> None:
        start = self.place
        path = (*table, *self.dotted())
        self.note(path, start)
        self.take("=")
        self.skip(_BLANK)
        self.value(path)

    def value(self, path: Path) -> None:
        if self.take("["):
            count = 0
            self.skip(_GAP)
            while not self.take("]"):
                self.note((*path, count))
                self.value((*path, count))
                count += 1
                self.skip(_GAP)
                self.take(",")
                self.skip(_GAP)
        elif self.take("{"):
            self.skip(_GAP)
            while not self.take("}"):
                self.pair(path)
                self.skip(_GAP)
                self.take(",")
                self.skip(_GAP)
        elif self.text[self.place] in "\"'":
            self.string()
        else:
            self.skip(_SCALAR)

    def dotted(self) -> Path:
        names: list[Key] = []
        while True:
            self.skip(_BLANK)
            names.append(self.string() if self.text[self.place] in "\"'" else self.skip(_BARE_KEY))
            self.skip(_BLANK)
            if not self.take("."):
                return tuple(names)

    def string(self) -> str:
        """Steps over any of the four kinds of string; the answer is used for keys only."""
        quote = self.text[self.place]
        long = self.text.startswith(quote * 3, self.place)
        fence = quote * 3 if long else quote
        start = end = self.place + len(fence)
        while not self.text.startswith(fence, end):
            end += 2 if quote == '"' and self.text[end] == "\\" else 1
        # A long string may end in up to two quotes of its own before the fence.
        while long and self.text.startswith(fence, end + 1):
            end += 1
        self.place = end + len(fence)
        content = self.text[start:end]
        return _ESCAPE.sub(_unescape, content) if quote == '"' else content

    def note(self, path: Path, start: int | None = None) -> None:
        """Records *path* and the tables around it, unless they are recorded already."""
        line = self.text.count("\n", 0, self.place if start is None else start) + 1
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)

    def skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.place)
        if found is None:
            return ""
        self.place = found.end()
        return found[0]

    def take(self, token: str) -> bool:
        taken = self.text.startswith(token, self.place)
        self.place += len(token) if taken else 0
        return taken


def _unescape(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _PLAIN_ESCAPES.get(found[3], found[3])
