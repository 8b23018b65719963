"""The cluster of an entry: a host label, or the row is invalid."""

import pytest

from tests.imports.files import dump, tenant


@pytest.mark.parametrize("text", ["evil.example/", "eu.fsm.cloud.sap.evil.example", "e" * 21, 7])
def test_an_entry_with_another_text_is_invalid(harness, text):
    (row,) = harness.rows(dump(tenant(1, cluster=text)))
    assert row.kind == "invalid"
    assert [reason.field for reason in row.reasons] == ["cluster"]


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        ("eu", "eu", None),
        ("new-label", "new-label", None),
        ("", "", None),
        (" eu", "eu", "Spaces at the start or end were removed."),
        ("EU", "eu", "The cluster is kept as its label. The file has EU."),
        (
            "https://eu.fsm.cloud.sap/",
            "eu",
            "The cluster is kept as its label. The file has https://eu.fsm.cloud.sap/.",
        ),
    ],
)
def test_a_label_or_a_host_is_kept_as_its_label(harness, text, label, message):
    (row,) = harness.rows(dump(tenant(1, cluster=text)))
    assert (row.kind, row.values["cluster"]) == ("new", label)
    assert [repair.text for repair in row.repairs] == ([message] if message else [])
