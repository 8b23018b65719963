"""The picture in the README is of the portal as it is: `PORTAL_PICTURES=1` makes it anew."""

import os
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page

from portal.sealing import KeyFileSealer
from portal.settings import Settings
from portal.stores.factory import open_store
from portal.tenants import Contact, Ids
from portal.timestamps import utc_now
from tests.browser.demo_data import DemoData
from tests.serving import ROOT, serving

PICTURE = Path(__file__).parent / "pictures" / "portal.png"
MOST_BYTES = 200_000

COMPANIES = (
    ("Müller & Söhne Aufzugstechnik GmbH", "Jürgen Müller", "mueller-aufzug.example"),
    ("Northern Lifts Ltd", "Kim O'Hara", "northernlifts.example"),
    ("Łódzkie Zakłady Energetyczne S.A.", "Żaneta Błaszczyk", "lze.example"),
    ("Boulangerie Émile & Fils", "Émile Dubois", "dubois.example"),
    ("Ångström Värme AB", "Åsa Öberg", "angstrom.example"),
    ("Rossi Ascensori S.r.l.", "Giulia Rossi", "rossi-ascensori.example"),
    ("Alpine Kältetechnik AG", "Urs Brunner", "alpine-kaelte.example"),
)


def test_the_readme_shows_the_queue_and_a_customers_page(
    tmp_path: Path, new_page: Callable[..., Page]
) -> None:
    with serving(tmp_path, settings={"PORTAL_TIME_ZONE": "Europe/Berlin"}) as portal:
        settings = Settings.from_environment(portal.environ)
        store = open_store(settings)
        sealer = KeyFileSealer(settings.data_dir / "sealing-keys.json")
        demo_data = DemoData(store, sealer, utc_now(), settings.time_zone)
        for last in (4, 17, 90, 200, 300, -3):
            demo_data.active(first=-40, last=last)
        demo_data.suspended()
        demo_data.rejected()
        for number, (company, name, domain) in enumerate(COMPANIES):
            contact = Contact(
                company=company, name=name, email=f"{name[0].lower()}.contact@{domain}"
            )
            claims = Ids(
                account_id=str(86810 + number),
                company_id=str(104348 + number),
                account_name=company.partition(" ")[0],
                cluster="eu",
            )
            hours = 9 * (len(COMPANIES) - number) - 7
            waiting = demo_data.sign_up(contact, claims=claims, ago=timedelta(hours=hours))
        store.close()
        page = new_page(base_url=portal.url)
        page.goto(portal.staff_link("anna@example.com", "approver", "Anna Approver"))
        page.get_by_role("button", name="Sign in").click()
        page.goto("/staff/tenants")
        page.set_viewport_size({"width": 1120, "height": 760})
        queue = page.screenshot()
        customer = new_page(base_url=portal.url, width=400)
        customer.goto(waiting.status_path)
        customer.set_viewport_size({"width": 400, "height": 760})
        picture = _beside(new_page(), queue, customer.screenshot())

    wanted = bool(os.environ.get("PORTAL_PICTURES"))
    path = PICTURE if wanted else tmp_path / "portal.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(picture)
    assert path.stat().st_size < MOST_BYTES


def _beside(page: Page, *pictures: bytes) -> bytes:
    """One picture of several, three quarters of their size."""
    images = "".join(
        f"<img height=570 src='data:image/png;base64,{b64encode(picture).decode()}'>"
        for picture in pictures
    )
    style = "display: inline-flex; gap: 16px; padding: 16px; margin: 0; background: #d5dadd"
    page.set_content(f"<!doctype html><body style='{style}'>{images}")
    return page.locator("body").screenshot()


def test_the_readme_names_the_picture_that_is_there() -> None:
    name = PICTURE.relative_to(ROOT).as_posix()
    assert f"({name})" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert PICTURE.read_bytes().startswith(b"\x89PNG")
    assert PICTURE.stat().st_size < MOST_BYTES
