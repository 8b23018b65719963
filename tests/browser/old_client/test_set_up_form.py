"""The set-up form of the old application: what it makes, and what it leaves as it is."""

from tests.browser.old_client.office import APPLICATION, FORM, Office, ids_of, shell, typed
from tests.browser.old_client.runners import Runner
from tests.examples import all_items


def test_a_form_that_succeeds_opens_it_until_the_next_start(
    client: Runner, office: Office, number: int
) -> None:
    ids = ids_of(number)
    form = typed(f"kim{number}@meyer.example")
    opened = APPLICATION | {"X-Client-ID": "client-of-the-form"}
    assert client.set_up(shell(ids), form) == opened
    assert client.start(shell(ids)) == FORM
    waiting = office.waiting(ids)
    assert (waiting.is_active, waiting.validity.valid_to) == (False, None)

    # Whoever sees the form again sends it again.
    before = all_items(office.store)
    assert client.set_up(shell(ids), form) == FORM | {"problem": "conflict"}
    assert all_items(office.store) == before

    tenant = office.activate(waiting, ids, client_id="")
    assert client.start(shell(ids)) == opened
    stored = office.store.get(tenant.id)
    assert str(stored["clientSecret"]).startswith("v1.")
    assert "s3cr3t-canary" not in repr(all_items(office.store))

    before = all_items(office.store)
    assert client.set_up(shell(ids), form) == FORM | {"problem": "conflict"}
    assert all_items(office.store) == before
    assert client.start(shell(ids)) == opened


def test_a_form_with_gaps_is_refused_and_changes_nothing(
    client: Runner, office: Office, number: int
) -> None:
    before = all_items(office.store)
    gaps = {name: value for name, value in typed().items() if name != "cluster"}
    refused = client.set_up(shell(ids_of(number)), gaps)
    assert refused == FORM | {"problem": "Missing required fields"}
    assert all_items(office.store) == before
