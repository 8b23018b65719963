"""What staff read of a proof by the shell: beside the ids, in the list, in the history, as CSV."""

from dataclasses import replace

import pytest

from portal import onboarding
from portal.settings import Settings
from portal.stores.contract import Store
from portal.tenants import Ids, ShellProof, ShellVerdict, Tenant
from tests.conftest import Clock
from tests.examples import CONTACT, reference
from tests.web.pages import Staff, facts, page_words

CLAIMS = Ids(
    account_id="86810", company_id="104348", account_name="Meyer Group",
    company_name="Meyer Field Service", cluster="eu",
)  # fmt: skip
QUEUE = "/staff/tenants?status=pending"
LABEL = "Proved by the shell"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, fsm_proof=True)


@pytest.fixture
def proved(store: Store, clock: Clock) -> Tenant:
    return sign_up(store, clock, ShellProof(at=clock.now(), verdict=ShellVerdict.COMPANY))


def sign_up(store: Store, clock: Clock, proof: ShellProof | None) -> Tenant:
    return onboarding.submit(
        store, reference=reference(1), contact=CONTACT, claims=CLAIMS, status_link="hash",
        now=clock.now(), shell_proof=proof,
    )  # fmt: skip


def history(staff: Staff, tenant_id: str) -> str:
    words = page_words(staff.page(tenant_id))
    return words.partition(" History ")[2].partition(" Mail to the customer ")[0]


def test_staff_read_what_is_proved_beside_the_ids_and_when(proved: Tenant, anna: Staff) -> None:
    assert facts(anna.page(proved.id))[LABEL] == "account and company, 23 Nov 2026, 10:00 UTC"
    assert history(anna, proved.id) == (
        "Asked for access The customer, 23 Nov 2026, 10:00 UTC"
        " Proved by the shell: account and company"
    )
    assert "86810 / 104348 account proved" in page_words(anna.get(QUEUE))


def test_a_token_that_lists_no_company_says_nothing_of_it(
    store: Store, clock: Clock, anna: Staff
) -> None:
    pending = sign_up(store, clock, ShellProof(at=clock.now(), verdict=ShellVerdict.ACCOUNT))
    shown = facts(anna.page(pending.id))[LABEL]
    assert shown == "account; company not known, 23 Nov 2026, 10:00 UTC"


def test_a_token_that_lists_other_companies_is_a_warning(
    store: Store, clock: Clock, anna: Staff
) -> None:
    proof = ShellProof(at=clock.now(), verdict=ShellVerdict.OTHER_COMPANIES)
    pending = sign_up(store, clock, proof)
    page, warning = anna.page(pending.id), "The token of the shell lists other companies"
    assert facts(page)[LABEL] == "account; the token lists other companies, 23 Nov 2026, 10:00 UTC"
    assert warning in page_words(page)
    listed = page_words(anna.get(QUEUE))
    assert "86810 / 104348 account proved; other companies listed" in listed
    # Whoever activates it has decided.
    anna.decide(pending.id, "activate", account_id="86810", company_id="104348", cluster="eu")
    assert warning not in page_words(anna.page("86810_104348"))


def test_a_token_that_could_not_be_checked_is_not_nothing(
    store: Store, clock: Clock, anna: Staff
) -> None:
    pending = sign_up(store, clock, ShellProof(at=clock.now(), verdict=ShellVerdict.UNCHECKED))
    page = anna.page(pending.id)
    shown = "not known: the token could not be checked"
    assert facts(page)[LABEL] == f"{shown}, 23 Nov 2026, 10:00 UTC"
    assert "the keys of the cluster could not be read" in page_words(page)
    assert f"{LABEL}: {shown}" in history(anna, pending.id)
    assert "account proved" not in page_words(anna.get(QUEUE))
    _head, row = anna.get("/staff/tenants.csv?status=pending").text.splitlines()
    assert row.endswith('""')


def test_without_a_proof_the_ids_are_a_claim(store: Store, clock: Clock, anna: Staff) -> None:
    pending = sign_up(store, clock, None)
    assert facts(anna.page(pending.id))[LABEL] == "nothing, the ids are a claim"
    assert "proved" not in page_words(anna.get(QUEUE))
    assert LABEL not in history(anna, pending.id)


def test_other_ids_take_the_proof_away_and_the_history_says_so(proved: Tenant, anna: Staff) -> None:
    answer = anna.decide(proved.id, "activate", account_id="86810", company_id="7", cluster="eu")
    assert answer.status_code == 303, answer.text
    page = anna.page("86810_7")
    assert LABEL not in facts(page)
    assert f"{LABEL}: account and company → –" in page_words(page)


def test_an_activation_keeps_it(proved: Tenant, anna: Staff) -> None:
    anna.decide(proved.id, "activate", account_id="86810", company_id="104348", cluster="eu")
    page = anna.page("86810_104348")
    assert facts(page)[LABEL] == "account and company, 23 Nov 2026, 10:00 UTC"
    assert "→ –" not in history(anna, "86810_104348")


def test_the_list_as_csv_says_it_too(proved: Tenant, anna: Staff) -> None:
    head, row = anna.get("/staff/tenants.csv?status=pending").text.splitlines()
    assert head.endswith('"decidedAt","accountProved","personalDataErased"')
    assert row.endswith('"yes",""')


def test_it_is_german_for_german_staff(proved: Tenant, anna: Staff) -> None:
    anna.client.get("/language/de")
    shown = facts(anna.page(proved.id))
    assert shown["Durch die Shell belegt"] == "Konto und Firma, 23.11.2026, 10:00 Uhr (UTC)"


def test_a_contradiction_is_german_for_german_staff(
    store: Store, clock: Clock, anna: Staff
) -> None:
    proof = ShellProof(at=clock.now(), verdict=ShellVerdict.OTHER_COMPANIES)
    pending = sign_up(store, clock, proof)
    anna.client.get("/language/de")
    words = page_words(anna.page(pending.id))
    assert "Konto; das Token nennt andere Firmen, 23.11.2026" in words
    assert "Fragen Sie vor der Entscheidung beim Kunden nach" in words
