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

#: The status after each verb; "-" where the verb is not allowed.
TRANSITION_TABLE = """
              pending    active     suspended  rejected   withdrawn
submit        -          -          -          -          -
activate      active     -          -          -          -
reject        rejected   -          -          -          -
withdraw      withdrawn  -          -          -          -
release       pending    -          -          -          -
question      pending    -          -          -          -
answer        pending    -          -          -          -
confirm_email pending    active     suspended  -          -
edit_contact  pending    active     suspended  -          -
suspend       -          suspended  -          -          -
reinstate     -          -          active     -          -
set_validity  -          active     suspended  -          -
renew         -          active     suspended  -          -
set_client    -          active     suspended  -          -
edit_names    -          active     suspended  -          -
reopen        -          -          -          pending    pending
end_link      pending    active     suspended  rejected   withdrawn
new_link      pending    active     suspended  rejected   withdrawn
erase         -          -          -          rejected   withdrawn
set_ids       -          active     suspended  -          -
undo          -          -          -          -          -
import        -          active     suspended  -          -
keep          -          active     suspended  -          -
"""


def rows_of_table() -> list[tuple[Verb, Status, str]]:
    head, *lines = TRANSITION_TABLE.strip().splitlines()
    return [
        (Verb(verb), Status(status), after)
        for verb, *afters in (line.split() for line in lines)
        for status, after in zip(head.split(), afters, strict=True)
    ]


def test_the_table_names_every_verb_and_every_status():
    assert {(verb, status) for verb, status, _ in rows_of_table()} == {
        (verb, status) for verb in Verb for status in Status
    }


@pytest.mark.parametrize(("verb", "status", "after"), rows_of_table())
def test_each_verb_leads_to_the_status_in_the_table_or_is_refused(verb, status, after):
    if after == "-":
        with pytest.raises(NotAllowedError) as refused:
            status_after(status, verb)
        assert (refused.value.verb, refused.value.status) == (verb, status)
    else:
        assert status_after(status, verb) is Status(after)


def test_every_reason_belongs_to_rejecting_or_suspending():
    assert Reason.OTHER in REJECT_REASONS
    assert Reason.OTHER in SUSPEND_REASONS
    # A program suspends by this one, which no form offers.
    assert {*REJECT_REASONS, *SUSPEND_REASONS, Reason.API} == set(Reason)
