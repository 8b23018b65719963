"""The table in docs/api.md, "What the old application shows": each of its rows happens."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal import onboarding
from portal.stores.contract import Add
from portal.tenants import Reason
from tests.browser.old_client.office import (
    Office,
    audit,
    days,
    ids_of,
    office_in,
    old_row,
    shell,
    typed,
)
from tests.browser.old_client.runners import Runner, Seen
from tests.documents import document, rows_of, section
from tests.serving import free_port

#: What the table says people see, up to the first comma, colon or semicolon -> the page.
PAGES = {
    "the application": "application",
    "the expired page": "expired",
    "the set-up form": "set-up form",
}


#: The first word of an answer, or its first two numbers.
BEGINNING = re.compile(r"`?(\d+, \d+|\w+)")


def documented() -> dict[str, str]:
    """How each answer begins -> the page."""
    text = section("## What the old application shows", document("docs/api.md"))
    return {
        BEGINNING.findall(answer)[0]: PAGES[re.split("[,:;]", shown)[0]]
        for answer, shown in rows_of("The answer", text)
    }


Case = Callable[[Office, Runner, int], Iterator[Seen]]


def valid(office: Office, client: Runner, number: int) -> Iterator[Seen]:
    office.store.write([Add(old_row(number))])
    yield client.start(shell(ids_of(number)))


def expired(office: Office, client: Runner, number: int) -> Iterator[Seen]:
    office.store.write([Add(old_row(number, validTo="2026-06-30T23:59:59.999Z"))])
    yield client.start(shell(ids_of(number)))


def unknown(office: Office, client: Runner, number: int) -> Iterator[Seen]:
    del office
    yield client.start(shell(ids_of(number)))


def inactive(office: Office, client: Runner, number: int) -> Iterator[Seen]:
    ids = ids_of(number)
    pending = office.sign_up(number, ids)
    yield client.start(shell(ids))
    tenant = office.activate(pending, ids)
    tenant = onboarding.set_validity(
        office.store,
        tenant.id,
        expected_version=tenant.version,
        audit=audit(),
        validity=days(7, 300),
    )
    yield client.start(shell(ids))
    onboarding.suspend(
        office.store,
        tenant.id,
        expected_version=tenant.version,
        audit=audit(),
        reason=Reason.UNPAID,
    )
    yield client.start(shell(ids))
    # Without dates.
    row = {"tenantId": f"{ids.account_id}_8", "companyId": "8", "validTo": "soon"}
    office.store.write([Add(old_row(number, **row))])
    yield client.start({"accountId": ids.account_id, "companyId": "8"})


def refused(office: Office, client: Runner, number: int) -> Iterator[Seen]:
    del office, number
    yield client.start({"accountId": "x" * 101, "companyId": "7"})


def form_accepted(office: Office, client: Runner, number: int) -> Iterator[Seen]:
    del office
    yield client.set_up(shell(ids_of(number)), typed(f"kim{number}@meyer.example"))


def form_refused(office: Office, client: Runner, number: int) -> Iterator[Seen]:
    ids = ids_of(number)
    office.activate(office.sign_up(number, ids), ids)
    # The tenant is there already; and something is missing.
    yield client.set_up(shell(ids), typed())
    yield client.set_up(shell(ids_of(999)), {})


CASES: dict[str, Case] = {
    "isValid": valid,
    "EXPIRED": expired,
    "NOT_FOUND": unknown,
    "INACTIVE": inactive,
    "400, 429": refused,
    "201": form_accepted,
    "400, 409": form_refused,
}


def test_each_row_of_the_table_has_a_case() -> None:
    assert documented().keys() == CASES.keys()


@pytest.mark.parametrize("case", CASES)
def test_people_see_what_the_table_says(
    case: str, office: Office, client: Runner, number: int
) -> None:
    seen = [each["page"] for each in CASES[case](office, client, number)]
    assert set(seen) == {documented()[case]}


def test_too_many_requests_show_the_form(
    run_on: Callable[..., Runner], origin: str, tmp_path: Path
) -> None:
    few = {"PORTAL_SIGN_UPS_PER_HOUR": "5", "PORTAL_NOT_FOUND_PER_MINUTE": "1"}
    with office_in(tmp_path, origin, few) as office:
        client = run_on(office.base)
        for _ in range(2):
            assert client.start(shell(ids_of(1)))["page"] == documented()["400, 429"]


def test_nobody_who_answers_shows_the_form(run_on: Callable[..., Runner]) -> None:
    client = run_on(f"http://127.0.0.1:{free_port()}/api")
    assert client.start(shell(ids_of(1)))["page"] == documented()["400, 429"]
