"""What a token proves of the ids that a sign-up claims; and what the log says if it proves none."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portal import create_app, onboarding
from portal.fsm import HttpsCaller, open_shell_proofs
from portal.fsm.shell_proofs import ShellProofs
from portal.settings import Settings
from portal.tenants import Ids, ShellProof, ShellVerdict
from tests.conftest import START
from tests.examples import CONTACT, IDS, reference
from tests.fsm.shell_tokens import KEY, OTHER_KEY, publish, reply, token
from tests.fsm_cluster import Cluster, Reply


@pytest.fixture
def proofs(caller: HttpsCaller) -> ShellProofs:
    return open_shell_proofs(caller)


def test_ids_are_numbers_in_the_token_and_text_in_the_shell(proofs: ShellProofs) -> None:
    assert proofs.proof_of(token(), IDS, START) == ShellProof(
        at=START, verdict=ShellVerdict.COMPANY
    )
    texts = token(account_id="86810", companies=[{"id": "104348"}])
    assert proofs.proof_of(texts, IDS, START) == ShellProof(at=START, verdict=ShellVerdict.COMPANY)
    zero = replace(IDS, account_id="086810")
    assert proofs.proof_of(token(), zero, START) is None


@pytest.mark.parametrize(
    ("companies", "verdict"),
    [
        ([{"id": 7}, {"id": 8}], ShellVerdict.OTHER_COMPANIES),
        # Nothing is said of any, or one that nobody can read may be this one.
        (None, ShellVerdict.ACCOUNT),
        ([], ShellVerdict.ACCOUNT),
        ("104348", ShellVerdict.ACCOUNT),
        ([{"id": 7}, {"name": "no id"}], ShellVerdict.ACCOUNT),
        ([{"id": 7}, "104348"], ShellVerdict.ACCOUNT),
        ([{"id": 104348}, {"name": "no id"}], ShellVerdict.COMPANY),
    ],
)
def test_a_company_that_is_not_listed_is_contradicted_only_by_a_list(
    proofs: ShellProofs, companies: Any, verdict: ShellVerdict
) -> None:
    found = proofs.proof_of(token(companies=companies), IDS, START)
    assert found == ShellProof(at=START, verdict=verdict)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (token(exp=1), "it has expired"),
        (token(key=OTHER_KEY), "signed with a key that the cluster does not publish"),
        (token(account_id=1), "it is of another account"),
        ("no token", "not a token"),
        ("x" * 20_000, "too long"),
    ],
)
def test_a_token_that_proves_nothing_is_in_the_log_without_a_word_of_it(
    proofs: ShellProofs, caplog: pytest.LogCaptureFixture, text: str, problem: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert proofs.proof_of(text, IDS, START) is None
    ours = [each.getMessage() for each in caplog.records if each.name.startswith("portal")]
    assert ours == [f"A token of the shell proves nothing: {problem}"]
    # All records: those of the libraries, too.
    said = "\n".join(each.getMessage() for each in caplog.records)
    assert text[:20] not in said
    assert "kim@meyer.example" not in said


@pytest.mark.parametrize("claims", [None, replace(IDS, cluster=""), replace(IDS, cluster="us")])
def test_where_no_cluster_can_be_asked_nothing_is_proved(
    proofs: ShellProofs, cluster: Cluster, claims: Ids | None
) -> None:
    assert proofs.proof_of(token(), claims, START) is None
    assert cluster.asked == []


def test_without_a_token_nobody_is_asked(
    proofs: ShellProofs, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    assert proofs.proof_of("", IDS, START) is None
    assert (cluster.asked, caplog.records) == ([], [])


def test_of_a_cluster_that_is_down_nothing_is_known_and_the_log_says_so_once(
    proofs: ShellProofs, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    reply(cluster, Reply(503))
    for _ in range(3):
        found = proofs.proof_of(token(), IDS, START)
        assert found == ShellProof(at=START, verdict=ShellVerdict.UNCHECKED)
    warnings = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert warnings == ["The keys of cluster eu cannot be read: no keys, status 503"]


def test_the_time_of_the_request_counts(proofs: ShellProofs) -> None:
    assert proofs.proof_of(token(), IDS, START + timedelta(hours=2)) is None


@pytest.mark.parametrize("is_on", [True, False])
def test_the_setting_decides_whether_there_are_proofs(settings: Settings, *, is_on: bool) -> None:
    app = create_app(replace(settings, fsm_proof=is_on))
    assert (app.extensions["portal"].shell_proofs is not None) is is_on


def test_what_is_stored_of_a_sign_up_holds_no_part_of_the_token(
    settings: Settings, keys_cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """As the page does it: the application's own proofs, and the verb."""
    fsm = keys_cluster.setting(NO_PROXY="localhost")
    app = create_app(replace(settings, fsm=fsm, fsm_proof=True), clock=lambda: START)
    services, text = app.extensions["portal"], token()
    with caplog.at_level(logging.DEBUG):
        pending = onboarding.submit(
            services.store, reference=reference(1), contact=CONTACT, claims=IDS,
            status_link="hash", now=START,
            shell_proof=services.shell_proofs.proof_of(text, IDS, START),
        )  # fmt: skip
    assert pending.shell_proof == ShellProof(at=START, verdict=ShellVerdict.COMPANY)
    services.store.close()
    kept = "".join(
        path.read_text(errors="replace") for path in settings.data_dir.rglob("*") if path.is_file()
    )
    assert "shellProof" in kept
    for part in text.split("."):
        assert part not in kept
        assert part not in caplog.text


def test_the_key_is_not_the_certificate_of_the_cluster(
    proofs: ShellProofs, cluster: Cluster
) -> None:
    """Another cluster on the same machine, whose keys are others, gives no proof for this one."""
    publish(cluster, OTHER_KEY)
    assert proofs.proof_of(token(key=KEY), IDS, START) is None
    assert proofs.proof_of(token(key=OTHER_KEY), IDS, START) is not None
