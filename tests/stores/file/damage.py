"""A file with known lines, and ways to damage it."""

from datetime import UTC, datetime
from pathlib import Path

from portal.stores.file.store import JsonFileStore

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SNAPSHOT, COMMIT, LAST = 4, 12, 15


def item(n: int, version: int = 1) -> dict:
    return {"tenantId": f"t{n}", "version": version, "gsi2pk": "P", "gsi2sk": f"{n}#{version}"}


def state_of(store: JsonFileStore) -> dict:
    return {each["tenantId"]: each for each in store.scan().items}


def lines_of(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines(keepends=True)


def damage(file: Path, kind: str, number: int) -> None:
    """Damage line `number`, counted from 1."""
    lines = lines_of(file)
    index = number - 1
    if kind == "flip":
        lines[index] = lines[index].replace(b"version", b"versjon", 1)
    elif kind == "missing":
        del lines[index]
    elif kind == "twice":
        lines.insert(index, lines[index])
    file.write_bytes(b"".join(lines))
