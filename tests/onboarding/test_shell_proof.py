"""What the shell has proved of the ids of a sign-up: kept with the ids, and gone with them."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from portal import onboarding, queries, records
from portal.onboarding import erasure, wrong_ids
from portal.queries import Tab
from portal.stores.contract import Item, Replace, Store
from portal.tenants import Ids, Reason, ShellProof, ShellVerdict, Tenant
from tests.conftest import START
from tests.examples import ANN, CONTACT, CUSTOMER, IDS, activate, events, later, reference
from tests.onboarding.verb_calls import SEALER

PROOF = ShellProof(at=START, verdict=ShellVerdict.COMPANY)
ACCOUNT_ONLY = ShellProof(at=START, verdict=ShellVerdict.ACCOUNT)
OTHER_COMPANIES = ShellProof(at=START, verdict=ShellVerdict.OTHER_COMPANIES)
UNCHECKED = ShellProof(at=START, verdict=ShellVerdict.UNCHECKED)
OTHER_IDS = replace(IDS, company_id="7")


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def sign_up(
    store: Store, number: int = 1, *, claims: Ids | None = IDS, proof: ShellProof | None = PROOF
) -> Tenant:
    return onboarding.submit(
        store,
        reference=reference(number),
        contact=CONTACT,
        claims=claims,
        status_link=f"hash-of-link-{number}",
        now=START,
        shell_proof=proof,
    )


def read(store: Store, tenant_id: str) -> Tenant:
    return onboarding.load(store, tenant_id).tenant


def changed_proofs(store: Store, tenant: Tenant) -> list[tuple[str, str]]:
    """Old and new value, of each event that names one, the newest first."""
    return [
        event.changes["shellProof"]
        for event in queries.history(store, tenant)
        if "shellProof" in event.changes
    ]


@pytest.mark.parametrize("proof", [PROOF, ACCOUNT_ONLY, OTHER_COMPANIES, UNCHECKED, None])
def test_a_sign_up_says_what_was_proved_and_when(store: Store, proof: ShellProof | None) -> None:
    pending = sign_up(store, proof=proof)
    assert pending.shell_proof == proof
    assert read(store, pending.id) == pending
    (row,) = queries.page(store, queries.ranges_of_tab(Tab.PENDING, START)).rows
    assert records.is_proved(row) is (proof in (PROOF, ACCOUNT_ONLY, OTHER_COMPANIES))
    assert records.is_of_other_companies(row) is (proof == OTHER_COMPANIES)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({"proved": "account"}, ShellVerdict.ACCOUNT),
        ({"proved": "account,company"}, ShellVerdict.COMPANY),
        ({"proved": "account", "detail": "of a later version"}, ShellVerdict.ACCOUNT),
    ],
)
def test_what_other_versions_wrote_is_read(values: dict[str, str], verdict: ShellVerdict) -> None:
    text = {"at": "2026-11-23T10:00:00.000Z", "ids": IDS.tenant_id, "cluster": "eu", **values}
    item: Item = {"tenantId": "pending-a", "accountId": "86810", "companyId": "104348"}
    tenant = records.tenant_of({**item, "cluster": "eu", "shellProof": json.dumps(text)})
    assert tenant.shell_proof == ShellProof(at=START, verdict=verdict)


@pytest.mark.parametrize(("proof", "proved"), [(OTHER_COMPANIES, "account"), (UNCHECKED, "")])
def test_an_earlier_version_reads_no_more_than_is_proved(
    store: Store, proof: ShellProof, proved: str
) -> None:
    """It knows `account` and `account,company` there, and takes all else for a claim."""
    pending = sign_up(store, proof=proof)
    assert json.loads(str(store.get(pending.id)["shellProof"]))["proved"] == proved


def test_without_ids_there_is_nothing_to_prove(store: Store) -> None:
    assert sign_up(store, claims=None).shell_proof is None


def test_a_form_that_is_sent_twice_proves_nothing_later(store: Store) -> None:
    pending = sign_up(store, proof=None)
    assert sign_up(store, proof=PROOF) == pending


@pytest.mark.parametrize(
    "ids", [IDS, replace(IDS, account_name="Meyer", company_name="")], ids=["same", "other names"]
)
def test_an_activation_keeps_what_was_proved(store: Store, ids: Ids) -> None:
    active = activate(store, SEALER, sign_up(store), ids=ids)
    assert active.shell_proof == PROOF
    assert read(store, active.id).shell_proof == PROOF
    assert changed_proofs(store, active) == []


@pytest.mark.parametrize(
    "ids",
    [replace(IDS, account_id="1"), OTHER_IDS, replace(IDS, cluster="de")],
    ids=["account", "company", "cluster"],
)
def test_other_ids_are_not_proved_and_undoing_them_brings_the_proof_back(
    store: Store, ids: Ids
) -> None:
    pending = sign_up(store)
    active = activate(store, SEALER, pending, ids=ids)
    assert active.shell_proof is None
    assert "shellProof" not in store.get(active.id)
    assert changed_proofs(store, active) == [("account,company", "")]
    again = onboarding.undo(
        store, active.id, expected_version=active.version, audit=later(ANN, seconds=1)
    )
    assert (again.id, again.shell_proof) == (pending.id, PROOF)


def test_a_tenant_that_moves_leaves_its_proof_and_may_come_back(store: Store) -> None:
    active = activate(store, SEALER, sign_up(store, proof=ACCOUNT_ONLY))
    moved = wrong_ids.set_ids(
        store, active.id, expected_version=active.version, audit=later(ANN, seconds=1),
        account_id=IDS.account_id, company_id="7",
    )  # fmt: skip
    assert moved.shell_proof is None
    assert changed_proofs(store, moved) == [("account", "")]
    back = onboarding.undo(
        store, moved.id, expected_version=moved.version, audit=later(ANN, seconds=2)
    )
    assert read(store, back.id).shell_proof == ACCOUNT_ONLY
    assert changed_proofs(store, back) == [("", "account"), ("account", "")]


def test_other_changes_keep_it(store: Store) -> None:
    active = activate(store, SEALER, sign_up(store))
    named = onboarding.edit_contact(
        store, active.id, expected_version=active.version, audit=later(ANN, seconds=1),
        contact=replace(CONTACT, company="Meyer Lifts", email="lou@meyer.example"),
    )  # fmt: skip
    assert named.shell_proof == PROOF


def test_who_changes_the_ids_past_the_portal_takes_the_proof_away(store: Store) -> None:
    pending = sign_up(store)
    item = store.get(pending.id)
    store.write([Replace({**item, "companyId": "7", "version": 2}, 1)])
    assert read(store, pending.id).shell_proof is None


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "7", '{"at": 7}', "{}", "[" * 5000,
        json.dumps({"at": "2026", "ids": IDS.tenant_id, "cluster": "eu", "proved": "account"}),
        json.dumps({
            "at": "2026-11-23T10:00:00.000Z", "ids": IDS.tenant_id, "cluster": "eu",
            "proved": "everything",
        }),
    ],
)  # fmt: skip
def test_a_text_that_is_no_proof_proves_nothing(text: str) -> None:
    item: Item = {"tenantId": "pending-a", "accountId": "86810", "companyId": "104348"}
    tenant = records.tenant_of({**item, "cluster": "eu", "shellProof": text})
    assert tenant.shell_proof is None


def test_a_sign_up_of_the_version_before_is_a_claim(store: Store) -> None:
    pending = sign_up(store, proof=None)
    assert "shellProof" not in store.get(pending.id)
    assert activate(store, SEALER, pending).shell_proof is None


def test_it_holds_nothing_personal_so_it_outlives_the_erasure(store: Store) -> None:
    pending = sign_up(store)
    closed = onboarding.reject(
        store, pending.id, expected_version=1, audit=ANN, reason=Reason.DUPLICATE
    )
    erased = erasure.erase(
        store, closed.id, expected_version=closed.version, audit=later(ANN, days=400)
    )
    assert erased.erased
    assert erased.shell_proof == PROOF
    assert json.loads(str(store.get(pending.id)["shellProof"])) == {
        "at": "2026-11-23T10:00:00.000Z",
        "ids": "86810_104348",
        "cluster": "eu",
        "proved": "account,company",
    }


def test_its_customer_who_withdraws_and_staff_who_reopen_keep_it(store: Store) -> None:
    pending = sign_up(store)
    gone = onboarding.withdraw(
        store, pending.id, expected_version=1, audit=replace(CUSTOMER, at=START + timedelta(1))
    )
    reopened = onboarding.reopen(
        store, gone.id, expected_version=gone.version, audit=later(ANN, days=2)
    )
    assert reopened.shell_proof == PROOF
    assert {json.loads(str(event["changes"])).get("shellProof") for event in events(store)} == {
        None
    }
