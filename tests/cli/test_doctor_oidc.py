"""`portal doctor` on the provider at which staff sign in: a real one, none, or another one."""

from collections.abc import Iterator

import pytest

from portal.cli.doctor.findings import Finding
from portal.cli.doctor.oidc import check_provider
from portal.settings import Settings
from tests.oidc_provider import CLIENT_ID, NoProviderError, Provider, running
from tests.serving import free_port

BACK = "http://127.0.0.1:8000/staff/oidc/callback"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    try:
        with running(BACK, "http://127.0.0.1:8000/staff/sign-in") as started:
            yield started
    except NoProviderError as missing:
        pytest.skip(str(missing))


def findings(issuer: str) -> list[Finding]:
    environ = {
        "PORTAL_SECRET_KEY": "k" * 32,
        "PORTAL_OIDC_ISSUER": issuer,
        "PORTAL_OIDC_CLIENT_ID": CLIENT_ID if issuer else "",
        "PORTAL_OIDC_ADMINS": "admins" if issuer else "",
    }
    return list(check_provider(Settings.from_environment(environ)))


def test_a_provider_that_answers_is_named_with_the_address_to_register(provider: Provider) -> None:
    (finding,) = findings(provider.issuer)
    assert str(finding) == (
        f"ok       sign-in with OpenID Connect, if {BACK} is registered at the provider"
    )


def test_without_a_provider_nothing_is_said() -> None:
    assert findings("") == []


def test_a_provider_that_does_not_answer_is_a_problem() -> None:
    (finding,) = findings(f"http://127.0.0.1:{free_port()}")
    assert finding.problem == "The provider does not answer."


def test_an_issuer_that_is_not_the_one_of_the_metadata_is_a_problem(provider: Provider) -> None:
    (finding,) = findings(f"{provider.issuer}/")
    assert finding.problem == "What the provider publishes does not fit PORTAL_OIDC_ISSUER."
    assert "/.well-known/openid-configuration" in finding.remedy
