"""The cluster is a host label: nothing else may reach the downstream application."""

from dataclasses import replace

import pytest

from portal.tenants import Status, Tenant, Verb, cluster_of, is_cluster
from tests.examples import ANN, CONTACT, IDS

LABELS = {
    "eu": "eu",
    " eu ": "eu",
    "EU": "eu",
    "De": "de",
    "nobody-knows-7": "nobody-knows-7",
    "e" * 20: "e" * 20,
    "eu.fsm.cloud.sap": "eu",
    "EU.FSM.cloud.sap": "eu",
    "https://eu.fsm.cloud.sap": "eu",
    "https://eu.fsm.cloud.sap/": "eu",
    "http://us.fsm.cloud.sap/shell/#/home?x=https://evil.example": "us",
}
REFUSED = [
    "",
    " ",
    "e" * 21,
    "evil.example/",
    "evil.example",
    "eu.",
    "eu/",
    "eu#",
    "eu?",
    "eu:443",
    "eu@evil.example",
    "eu.fsm.cloud.sap.evil.example",
    "eu.fsm.cloud.sap@evil.example",
    "https://eu.fsm.cloud.sap@evil.example/",
    "https://eu.fsm.cloud.sap:443@evil.example/",
    "https://evil.example/eu.fsm.cloud.sap",
    "https://evil.example#.fsm.cloud.sap",
    "https://a.b.fsm.cloud.sap/",
    "https://eu",
    "javascript:eu.fsm.cloud.sap",
    "eu\neu",
    "eu us",
    "ёu",
    # The Kelvin sign is a k in lower case, the long s an s in upper case.
    "\u212a",
    "u\u017f",
    "٣",
    f"eu.fsm.cloud.sap/{'x' * 400}",
]


@pytest.mark.parametrize(("text", "label"), LABELS.items())
def test_a_label_or_a_pasted_host_is_cut_down_to_the_label(text: str, label: str) -> None:
    assert cluster_of(text) == label
    assert is_cluster(label)
    assert is_cluster(text) is (text == label)


@pytest.mark.parametrize("text", REFUSED)
def test_any_other_text_is_no_cluster(text: str) -> None:
    assert cluster_of(text) is None
    assert not is_cluster(text)


@pytest.mark.parametrize(
    ("stored", "after"),
    [
        ("https://EU.fsm.cloud.sap/shell/", "eu"),
        ("EU", "eu"),
        ("eu", "eu"),
        ("", ""),
        ("evil.example/", "evil.example/"),
    ],
)
def test_a_change_cuts_a_stored_host_down_and_keeps_what_is_none(stored: str, after: str) -> None:
    ids = replace(IDS, cluster=stored)
    tenant = Tenant(id=IDS.tenant_id, status=Status.ACTIVE, version=None, contact=CONTACT, ids=ids)
    changed = tenant.changed(Verb.SUSPEND, ANN)
    assert changed.ids == replace(IDS, cluster=after)
    # What the change itself says of the ids counts.
    assert tenant.changed(Verb.IMPORT, ANN, ids=IDS).ids == IDS
