"""Which of two readings counts: in memory and in the file it is the same one."""

import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portal.grace import LastKnown, Sighting
from portal.grace.known_file import Known, KnownFile
from portal.grace.readings import No, Yes, counts_from, instant_of, is_newer, milliseconds
from portal.stores.file import JsonFileStore
from tests.conftest import START

#: A few of each, so that most readings meet another one.
VERSIONS = st.integers(0, 3)
TIMES = st.integers(0, 4).map(lambda number: milliseconds(START) + number)
ROWS = st.sampled_from([None, b'{"a":1}', b'{"a":2}'])
READINGS = st.builds(Known, st.sampled_from(["1_1", "1_2"]), VERSIONS, TIMES, ROWS)


def in_file(folder: Path, readings: Sequence[Known], *, at_once: bool) -> dict[str, Known]:
    data = folder / ("once" if at_once else "each")
    writer, reader = KnownFile(data), KnownFile(data)
    for batch in [readings] if at_once else [[each] for each in readings]:
        writer.write(batch)
    rows = {row.tenant_id: row for row in reader.changed_rows()}
    writer.close()
    reader.close()
    return rows


def in_memory(folder: Path, store: JsonFileStore, readings: Sequence[Known]) -> dict[str, Known]:
    """As a process keeps it to which others say what they have seen."""
    known = LastKnown(KnownFile(folder / "unused"), store, lambda: START, hours=72)
    for each in readings:
        known._merge([each])
    return {
        tenant_id: Known(tenant_id, entry.version, milliseconds(entry.at), entry.row)
        for tenant_id, entry in known._memory.entries.items()
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> JsonFileStore:
    return JsonFileStore(tmp_path_factory.mktemp("store") / "data")


NOW = milliseconds(START)
YES = Known("1_1", 3, NOW + 2, b'{"a":1}')


@settings(deadline=None, max_examples=30)
@given(readings=st.lists(READINGS, min_size=1, max_size=8))
# A "no" of a newer version and an earlier clock, and then the same version again.
@example(readings=[YES, Known("1_1", 4, NOW + 1, None), YES._replace(version=4)])
def test_memory_and_the_file_keep_the_same(store: JsonFileStore, readings: list[Known]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = in_memory(folder, store, readings)
        assert in_file(folder, readings, at_once=False) == kept
        assert in_file(folder, readings, at_once=True) == kept


@given(yes=READINGS, no=READINGS)
def test_a_yes_that_a_no_took_away_does_not_come_back(yes: Known, no: Known) -> None:
    """Whatever the clocks said. One of a later version does: the "no" is about an earlier one."""
    yes, no = yes._replace(row=b"{}"), no._replace(row=None)
    if is_newer(no, yes) and (not no.version or yes.version <= no.version):
        assert not is_newer(yes, no._replace(at=counts_from(no, yes)))


@given(reading=READINGS)
def test_a_no_wins_against_a_yes_of_the_same_version_and_time(reading: Known) -> None:
    yes, no = reading._replace(row=b"{}"), reading._replace(row=None)
    assert is_newer(no, yes)
    assert not is_newer(yes, no)


@given(at=TIMES)
def test_the_file_has_the_same_instant_as_memory(at: int) -> None:
    instant: datetime = instant_of(at)
    assert milliseconds(instant) == at
    assert (Yes(1, instant, b"", instant).row, No(1, instant).row) == (b"", None)
    assert Sighting("1_1", 1, b"").row == b""
