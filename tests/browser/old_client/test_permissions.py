"""What a browser asks before it asks, and what a page of another origin learns."""

from collections import Counter
from collections.abc import Callable

from portal.stores.contract import Item, Store
from tests.browser.old_client.office import APPLICATION, FORM, Office, ids_of, shell, typed
from tests.browser.old_client.runners import InChromium, Runner, other_origin
from tests.examples import all_items


def test_each_ask_of_the_first_start_needs_permission_and_none_of_the_second_does(
    client: Runner, office: Office, number: int
) -> None:
    ids = ids_of(number)
    office.activate(office.sign_up(number, ids), ids)
    assert client.start(shell(ids)) == APPLICATION
    sent = Counter(client.sent)
    assert sent.keys() == {"OPTIONS", "GET"}
    assert sent["GET"] == 3
    # A browser keeps a permission: on a busy machine it may come before the others are asked for.
    assert 1 <= sent["OPTIONS"] <= 3 if isinstance(client, InChromium) else sent["OPTIONS"] == 3
    if isinstance(client, InChromium):
        # It keeps permissions for as long as the portal says.
        assert client.start(shell(ids)) == APPLICATION
        assert Counter(client.sent) == {"GET": 3}


def test_a_page_of_another_origin_learns_nothing(
    run_on: Callable[..., Runner], office: Office, number: int
) -> None:
    ids = ids_of(number)
    office.activate(office.sign_up(number, ids), ids)
    before = without_mail(office.store)
    with other_origin() as stranger:
        client = run_on(office.base, stranger)
        assert client.start(shell(ids)) == FORM
        assert client.set_up(shell(ids_of(990)), typed()) == FORM | {"problem": "NETWORK_ERROR"}
    assert without_mail(office.store) == before


def without_mail(store: Store) -> dict[str, Item]:
    """All items but those of mail, which the portal sends meanwhile."""
    return {id_: item for id_, item in all_items(store).items() if not id_.startswith("mail-")}
