"""The link that docs/fsm.md has an extension make: its ten lines name what the form reads."""

import re
from urllib.parse import urlencode

from flask.testing import FlaskClient

from portal.stores.contract import Store
from tests.documents import ROOT, blocks
from tests.web.pages import facts, sent_in, tenants_in

#: The fields of the shell's context that the lines read, as it has them.
CONTEXT = {
    "accountId": "86810",
    "account": "Meyer & Söhne",
    "companyId": "104348",
    "company": "Meyer #1",
    "cloudHost": "eu.fsm.cloud.sap",
}


def lines() -> list[str]:
    (page,) = blocks("html", (ROOT / "docs" / "fsm.md").read_text(encoding="utf-8"))
    script = page.partition('<script type="module">')[2].partition("</script>")[0]
    return [line.strip() for line in script.strip().splitlines()]


def parameters() -> dict[str, str]:
    """Parameter -> its value, as the lines make it of the context."""
    (made,) = [line for line in lines() if line.startswith("const ids = {")]
    return {name: CONTEXT[field] for name, field in re.findall(r"(\w+): c\.(\w+)", made)}


def test_there_are_ten_lines_and_they_compare_the_origin() -> None:
    assert len(lines()) == 10
    assert "if (origin !== shell) return; // [2]" in lines()


def test_the_link_of_these_lines_fills_the_form(client: FlaskClient) -> None:
    page = client.get("/sign-up", query_string=parameters())
    assert facts(page) == {
        "Account": "Meyer & Söhne (86810)",
        "Company in FSM": "Meyer #1 (104348)",
        "Cluster": "eu",
    }


def test_what_it_names_is_a_claim(client: FlaskClient, store: Store) -> None:
    pending = sent_in(client, query=f"?{urlencode(parameters())}")
    item = tenants_in(store)[pending.id]
    named = {name: item[name] for name in ("accountId", "companyId", "cluster")}
    assert named == {"accountId": "86810", "companyId": "104348", "cluster": "eu"}
    assert "shellProof" not in item
