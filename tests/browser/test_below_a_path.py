"""The portal below a path, behind the documented nginx with TLS and HTTP/2, in a browser."""

from collections.abc import Callable, Iterator

import pytest
import trustme
from playwright.sync_api import Page, expect

from tests.browser.steps import decision, fill_activation, fill_sign_up, send_sign_up
from tests.server.nginx import running_nginx
from tests.serving import Portal, free_port, serving

PREFIX = "/onboarding"


@pytest.fixture(scope="module", params=[False, True], ids=["unchanged", "stripped"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Portal]]:
    """The address of the portal as people know it, and the portal."""
    folder = tmp_path_factory.mktemp("below")
    certificate = folder / "certificate.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    inner = free_port()
    with running_nginx(
        folder, f"http://127.0.0.1:{inner}", prefix=PREFIX, stripped=request.param,
        certificate=certificate,
    ) as url:  # fmt: skip
        chosen = {"PORTAL_BASE_URL": f"{url}{PREFIX}", "PORTAL_PROXY_HOPS": "1"}
        with serving(folder, port=inner, settings=chosen) as portal:
            yield f"{url}{PREFIX}", portal


def test_a_customer_and_staff_below_a_path(
    site: tuple[str, Portal], new_page: Callable[..., Page]
) -> None:
    url, portal = site
    customer = new_page(ignore_https_errors=True)
    customer.goto(f"{url}/sign-up")
    protocol = customer.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol")
    assert protocol == "h2"
    fill_sign_up(customer)
    send_sign_up(customer)
    customer.wait_for_url(f"{url}/status/*")
    customer.get_by_role("link", name="Deutsch").click()
    expect(customer.locator("html")).to_have_attribute("lang", "de")
    assert customer.url.startswith(f"{url}/status/")

    staff = new_page(ignore_https_errors=True)
    staff.goto(f"{url}/staff/tenants")
    assert staff.url.startswith(f"{url}/staff/sign-in?next=")
    link = portal.staff_link("anna@example.com", "approver", "Anna")
    assert link.startswith(f"{url}/staff/sign-in/")
    staff.goto(link)
    staff.get_by_role("main").get_by_role("button").click()
    staff.wait_for_url(f"{url}/staff/tenants")
    staff.get_by_role("link", name="Example GmbH").click()
    staff.wait_for_url(f"{url}/staff/tenants/pending-*")
    tenant_id = fill_activation(staff)
    decision(staff, "Activate").get_by_role("button", name="Activate", exact=True).click()
    expect(staff.locator("#live")).to_contain_text("Example GmbH")
    staff.goto(f"{url}/staff/tenants/{tenant_id}")
    cookies = {cookie["name"]: cookie["path"] for cookie in staff.context.cookies()}
    assert cookies["__Secure-portal"] == PREFIX
