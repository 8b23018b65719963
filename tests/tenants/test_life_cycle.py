"""The life cycle: every verb from every status."""

import pytest

from portal.tenants import (
    REJECT_REASONS,
    SUSPEND_REASONS,
    NotAllowedError,
    Reason,
    Status,
    Verb,
    status_after,
)

#: Where each verb leads; "-" where it may not be done. domain.md's table, spelled out.
LIFE_CYCLE = """
              pending    active     suspended  rejected   withdrawn
submit        -          -          -          -          -
activate      active     -          -          -          -
reject        rejected   -          -          -          -
withdraw      withdrawn  -          -          -          -
release       pending    -          -          -          -
edit_contact  pending    active     suspended  -          -
suspend       -          suspended  -          -          -
reinstate     -          -          active     -          -
set_validity  -          active     suspended  -          -
set_client    -          active     suspended  -          -
reopen        -          -          -          pending    pending
erase         -          -          -          rejected   withdrawn
import        -          active     suspended  -          -
"""


def spelled_out() -> list[tuple[Verb, Status, str]]:
    head, *lines = LIFE_CYCLE.strip().splitlines()
    return [
        (Verb(verb), Status(status), after)
        for verb, *afters in (line.split() for line in lines)
        for status, after in zip(head.split(), afters, strict=True)
    ]


def test_the_table_names_every_verb_and_every_status():
    assert {(verb, status) for verb, status, _ in spelled_out()} == {
        (verb, status) for verb in Verb for status in Status
    }


@pytest.mark.parametrize(("verb", "status", "after"), spelled_out())
def test_a_verb_leads_where_the_table_says_or_is_refused_by_its_name(verb, status, after):
    if after == "-":
        with pytest.raises(NotAllowedError) as refused:
            status_after(status, verb)
        assert (refused.value.verb, refused.value.status) == (verb, status)
    else:
        assert status_after(status, verb) is Status(after)


def test_staff_give_reasons_that_fit_what_they_do():
    assert Reason.OTHER in REJECT_REASONS
    assert Reason.OTHER in SUSPEND_REASONS
    assert {*REJECT_REASONS, *SUSPEND_REASONS} == set(Reason)
