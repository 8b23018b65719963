"""Generated files: each is read or refused, and never raises anything else."""

import contextlib
import io
import json
import string
import unicodedata

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import contact_readers
from portal.contact_fields import EMAIL_LENGTH
from portal.contact_readers import Problem, ProblemError
from portal.imports.model.errors import RefusedFileError
from portal.imports.planning.staging import StagedEntries
from portal.imports.reading.csv_cells import guard_cell, unguard_cell
from portal.imports.streaming.strict_json import is_deeper
from tests.conftest import LONG
from tests.imports.files import LIMITS, lines, tenant

#: Also lone surrogates, which JSON can write and UTF-8 cannot.
TEXT = st.text() | st.text(st.characters(categories=["Cs"]) | st.characters(), max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)
SURROGATES = st.characters(categories=["Cs"])
KEYS = (TEXT | SURROGATES).map("fsm_tenant_".__add__) | st.just("fsm_tenant_86810_1") | TEXT
FIELDS = st.sampled_from([*tenant(), "openEnded", "tenantId", "__proto__"])
TENANTS = st.dictionaries(FIELDS, JSON, max_size=8).map(lambda fields: {**tenant(1), **fields})
TEXTS = JSON.map(json.dumps) | TENANTS.map(json.dumps) | TEXT
FRAMES = st.sampled_from(["rows", "origins", "tenants", "cookies", "state"])
REPORT_ROWS = st.fixed_dictionaries({}, optional={
    "kind": st.sampled_from(["invalid", "conflict"]) | JSON, "key": KEYS | JSON,
    "values": TENANTS | JSON, "secret": st.just("set") | JSON,
})  # fmt: skip
REPORTS = st.fixed_dictionaries({"rows": st.lists(REPORT_ROWS, min_size=1, max_size=3)})
ENTRIES = st.fixed_dictionaries({"name": KEYS | JSON, "value": TEXTS | JSON})
ORIGINS = st.fixed_dictionaries({"localStorage": st.lists(ENTRIES, max_size=3)})
STATES = st.fixed_dictionaries({"origins": st.lists(ORIGINS | JSON, max_size=3)})
FRAMED = st.dictionaries(FRAMES, st.lists(REPORT_ROWS | ORIGINS | TENANTS | JSON, max_size=3))
CELLS = st.sampled_from(["row", "kind", "invalid", "isActive", "TRUE", *tenant()]) | st.text()
TABLES = st.lists(st.lists(CELLS.map('"{}"'.format) | CELLS).map(",".join)).map("\n".join)
LISTS = st.lists(TENANTS | ENTRIES | JSON, max_size=4)
DUMPS = st.dictionaries(KEYS, TEXTS | JSON)
DOCUMENTS = DUMPS | LISTS | REPORTS | STATES | FRAMED
KINDS = {
    "bytes": st.binary(max_size=300),
    "dumps": DUMPS.map(json.dumps).map(str.encode),
    "lists": LISTS.map(json.dumps).map(str.encode),
    "reports": REPORTS.map(json.dumps).map(str.encode),
    "states": STATES.map(json.dumps).map(str.encode),
    "lines of tenants": st.lists(TENANTS, max_size=4).map(lambda tenants: lines(*tenants)),
    "lines": st.lists(DOCUMENTS.map(json.dumps) | TEXTS, max_size=4)
    .map("\n".join).map(lambda text: text.encode(errors="replace")),
    "tables": TABLES.map(
        lambda text: f"row,kind,key,clientId,isActive\n{text}".encode(errors="replace")
    ),
}  # fmt: skip
FILES = st.one_of(*KINDS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_no_file_raises_anything_but_a_refusal(kind):
    @settings(max_examples=3000 if LONG else 60, deadline=None)
    @given(file=KINDS[kind])
    def is_read_or_refused(file):
        with StagedEntries() as staged, contextlib.suppress(RefusedFileError):
            staged.add(io.BytesIO(file), LIMITS)
            list(staged)

    is_read_or_refused()


@settings(
    max_examples=2000 if LONG else 150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(file=FILES)
def test_any_file_is_refused_or_planned_and_then_written(harness, file):
    refusal, job = None, None
    try:
        job = harness.plan(file)
    except RefusedFileError as error:
        refusal = error
    if job is None:
        assert refusal is not None
        assert refusal.message.endswith(".")
        assert refusal.status in (400, 413, 415, 422)
        return
    done = harness.apply(job)
    assert done.processed == done.to_write
    assert set(harness.kinds(file)) <= {"same", "invalid", "duplicate", "conflict"}


@settings(max_examples=5000 if LONG else 400, deadline=None)
@given(
    st.emails()
    | st.text(max_size=80)
    | st.builds("{}@{}".format, st.text(string.printable, max_size=70), st.just("ex.org"))
    | st.builds("{}@{}".format, st.just("abuse"), st.text(max_size=12))
)
@pytest.mark.filterwarnings("ignore")
def test_addresses_are_read_as_the_library_reads_them(text):
    read = value_or_problem(contact_readers.read_email, text)
    if read in (Problem.LINE_BREAK, Problem.DIRECTION, Problem.TAB):
        read = Problem.EMAIL  # a nearer name for the same
    assert read == value_or_problem(read_by_library, text)


@settings(max_examples=5000 if LONG else 400, deadline=None)
@given(st.text(max_size=12) | st.text("a \u3164\u115f\u200b\u0301é\u2028", max_size=5))
def test_a_plain_line_is_read_unchanged(text):
    if contact_readers.is_plain_line(text, 10):
        assert unicodedata.normalize("NFC", text).strip() == text
        assert not {unicodedata.category(c) for c in text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert (
            value_or_problem(contact_readers.read_line, f"{text}\u0000", most=12)
            is Problem.CHARACTERS
        )


def read_by_library(text):
    address = contact_readers.without_meaningless(text)
    if not address:
        raise ProblemError(Problem.MISSING)
    if len(address) > EMAIL_LENGTH:
        raise ProblemError(Problem.TOO_LONG)
    try:
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ProblemError(Problem.EMAIL) from error


def value_or_problem(reader, text, **limits):
    try:
        return reader(text, **limits)
    except ProblemError as error:
        return error.problem


@given(JSON, st.integers(0, 6))
def test_depth_is_counted_exactly(value, most):
    def depth(inner):
        if not isinstance(inner, dict | list):
            return 0
        return 1 + max(map(depth, inner.values() if isinstance(inner, dict) else inner), default=0)

    assert is_deeper(value, most) is (depth(value) > most)


@given(st.text("'=+-@\t\r ＝a", max_size=6) | st.text(max_size=6))
def test_unguarding_a_guarded_cell_returns_it(cell):
    assert unguard_cell(guard_cell(cell)) == cell
