"""``python -m tests.faxes``: make all sixty, read them for real, print the table.

``--keep`` writes the readings beside the tests, which judge them without reading again.
``--write FOLDER`` writes the files themselves, to look at or to put into the watched folder.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from integrations.reading import reader, tools
from models.fax import Media, media_of
from models.fax_pages import Reading
from tests.faxes.cases import CASES
from tests.faxes.score import KEPT, table

_ENDINGS = {Media.PDF: "pdf", Media.TIFF: "tif", Media.PNG: "png", Media.JPEG: "jpg"}


def main(arguments: list[str]) -> int:
    """Read everything; 2 where a program for it is missing."""
    if tools.lacking():
        sys.stderr.write(f"Not installed here: {', '.join(tools.lacking())}.\n")
        return 2
    if "--write" in arguments:
        folder = Path(arguments[arguments.index("--write") + 1])
        folder.mkdir(parents=True, exist_ok=True)
        for case in CASES:
            content = case.content()
            (folder / f"{case.name}.{_ENDINGS[media_of(content)]}").write_bytes(content)
        return 0
    read: dict[str, Reading] = {}
    began = time.monotonic()
    for case in CASES:
        content = case.content()
        read[case.name] = reader.read(content, media_of(content))
        if "--keep" in arguments:
            said = read[case.name].model_dump_json(indent=1)
            (KEPT / f"{case.name}.json").write_text(said + "\n")
    sys.stdout.write(table(read) + "\n")
    sys.stderr.write(f"{len(CASES)} faxes read in {time.monotonic() - began:.0f} s\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
