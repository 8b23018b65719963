"""Reads the documents: their sections, tables and blocks of code."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def document(name: str) -> str:
    """The text of a document: `document("docs/api.md")`."""
    return (ROOT / name).read_text(encoding="utf-8")


def section(heading: str, text: str) -> str:
    """What stands below a heading, up to the next one of the same level or of a higher one."""
    level = heading.split(maxsplit=1)[0]
    _, found, rest = f"\n{text}".partition(f"\n{heading}\n")
    assert found, f"there is no {heading!r}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def split(text: str) -> tuple[list[tuple[str, str]], str]:
    """The code blocks, each with its language, and the text without them."""
    found: list[tuple[str, str]] = []
    rest: list[str] = []
    inside: list[str] | None = None
    for line in text.splitlines(keepends=True):
        fence = line.strip().startswith("```")
        if fence and inside is None:
            language, inside = line.strip().removeprefix("```"), []
        elif fence and inside is not None:
            found.append((language, "".join(inside)))
            inside = None
        else:
            (rest if inside is None else inside).append(line)
    assert inside is None, "a code block has no end"
    return found, "".join(rest)


def blocks(language: str, text: str) -> list[str]:
    return [block for name, block in split(text)[0] if name == language]


def rows_of(heading: str, text: str) -> list[list[str]]:
    """The cells of every table whose first column has this heading."""
    rows: list[list[str]] = []
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        if lines and lines[0].startswith(f"| {heading} |"):
            rows += [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return rows
