"""An id that a tenant has left becomes another one's, whose versions begin anew."""

from portal import onboarding
from portal.stores.contract import Item
from tests.conftest import Clock
from tests.examples import ANN, IDS, PlainSealer, activate, later, sign_up
from tests.grace.conftest import ID, NewProcess


def test_the_next_owner_of_an_id_is_known_as_any_other(
    new_process: NewProcess, active: Item, clock: Clock
) -> None:
    process = new_process()
    version = 1
    for number in range(3):
        edited = onboarding.edit_names(
            process.watching, ID, expected_version=version, audit=later(ANN, minutes=number),
            account_name=f"Group {number}", company_name="C", cluster="eu",
        )  # fmt: skip
        version = edited.version or 0
    process.ask()
    clock.advance(minutes=5)
    onboarding.set_ids(
        process.watching, ID, expected_version=version, audit=later(ANN, minutes=5),
        account_id=IDS.account_id, company_id="7",
    )  # fmt: skip
    assert not process.knows()
    clock.advance(minutes=5)
    owner = sign_up(process.watching, 77)
    activate(process.watching, PlainSealer(), owner)
    clock.advance(minutes=5)
    process.ask()
    assert process.knows()
