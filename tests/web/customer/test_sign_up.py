"""The sign-up form: what is accepted, what is refused, and the messages."""

import time
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.stores.contract import Store
from tests.conftest import Clock
from tests.web.pages import (
    TYPED,
    by_id,
    error_beside,
    everything,
    facts,
    form_of,
    page_words,
    sent_in,
    sign_up,
    summary,
    tenants_in,
    title,
    tree,
)

COMPANY_MISSING = "Enter the company name."
COMPANY_TOO_LONG = "Company name must be 200 characters or fewer."
COMPANY_CHARACTERS = "Company name contains characters that cannot be used."
EMAIL_WRONG = "Enter an email address like name@example.com."
EMAIL_TOO_LONG = "Email address is too long."
LINE_BREAK = "What you typed contains a line break."
DIRECTION = "What you typed contains an invisible character that turns the text around."
PHONE_REMARK = "Enter the phone number only, without a remark. Write an extension like ext. 12."
PHONE_WRONG = "Enter a phone number with country code, like +49 30 901820."

SHELL = {
    "account_id": "86810",
    "company_id": "104348",
    "account_name": "Example Holding",
    "company_name": "Example GmbH",
    "cluster": "eu",
}
SHELL_QUERY = (
    "?account_id=86810&company_id=104348&account_name=Example+Holding"
    "&company_name=Example+GmbH&cluster=eu"
)


def test_the_root_address_redirects_to_the_form(client: FlaskClient) -> None:
    answer = client.get("/")
    assert answer.location == "/sign-up"


def test_a_fresh_form_has_hints_and_no_error(client: FlaskClient) -> None:
    page = client.get("/sign-up")
    assert page.status_code == 200
    assert title(page) == "Ask for access – Appointment Manager onboarding"
    assert "Error" not in page.text.replace("Error:</span>", "")
    assert not [each for each in tree(page).iter() if each.get("aria-invalid")]
    assert "With country code" in page_words(page)


def test_a_sign_up_makes_one_pending_tenant_and_redirects_to_its_page(
    client: FlaskClient, store: Store, clock: Clock
) -> None:
    done = sent_in(client)
    (tenant,) = tenants_in(store).values()
    assert tenant["tenantId"] == done.id
    assert tenant["status"] == "pending"
    assert tenant["isActive"] is False
    assert tenant["version"] == 1
    assert tenant["contactCompanyName"] == "Example GmbH"
    assert tenant["contactFullName"] == "Jane Doe"
    assert tenant["contactEmailAddress"] == "jane@example.com"
    assert tenant["contactPhone"] == "+4930901820"
    assert tenant["contactPhoneTyped"] == "+49 30 901820"
    assert tenant["createdAt"] == "2026-11-23T10:00:00.000Z"
    assert "validFrom" not in tenant
    assert client.get(done.url).status_code == 200


def test_the_status_link_is_not_kept_only_its_hash_is(client: FlaskClient, store: Store) -> None:
    done = sent_in(client)
    secret = done.token[26:]
    assert secret not in repr(everything(store))


def test_sending_the_same_form_twice_adds_nothing(client: FlaskClient, store: Store) -> None:
    data = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    first = client.post("/sign-up", data=data)
    before = everything(store)
    second = client.post("/sign-up", data=data)
    assert second.status_code == first.status_code == 303
    assert second.location == first.location
    assert everything(store) == before


def test_a_phone_number_may_be_left_out(client: FlaskClient, store: Store) -> None:
    done = sent_in(client, phone="")
    assert "contactPhone" not in tenants_in(store)[done.id]


def test_an_extension_is_kept_apart(client: FlaskClient, store: Store) -> None:
    done = sent_in(client, phone="+49 30 901820 ext. 12")
    tenant = tenants_in(store)[done.id]
    assert tenant["contactPhone"] == "+4930901820"
    assert tenant["contactPhoneExtension"] == "12"


def test_the_browsers_language_is_the_default_region(client: FlaskClient, store: Store) -> None:
    data = form_of(client.get("/sign-up"), "/sign-up") | TYPED | {"phone": "030 901820"}
    refused = client.post("/sign-up", data=data)
    taken = client.post("/sign-up", data=data, headers={"Accept-Language": "de-DE,de;q=0.9"})
    assert error_beside(refused, "phone") == PHONE_WRONG
    assert taken.status_code == 303
    (tenant,) = tenants_in(store).values()
    assert tenant["contactPhone"] == "+4930901820"


# ---- Errors


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        pytest.param("company", " ", COMPANY_MISSING, id="F02-spaces"),
        pytest.param("company", "\u200b\u200b", COMPANY_MISSING, id="F02-zero-width"),
        pytest.param("company", "\u3164", COMPANY_MISSING, id="F02-filler"),
        pytest.param("company", "a" * 201, COMPANY_TOO_LONG, id="F03-201"),
        pytest.param("company", "ab" * 5_000, COMPANY_TOO_LONG, id="F03-ten-thousand"),
        pytest.param("company", "a\x00b", COMPANY_CHARACTERS, id="F05-NUL"),
        pytest.param("company", "a\r\nb", f"{COMPANY_CHARACTERS} {LINE_BREAK}", id="F05-CRLF"),
        pytest.param("company", "a\x85b", f"{COMPANY_CHARACTERS} {LINE_BREAK}", id="F05-U+0085"),
        pytest.param("company", "a\u2028b", f"{COMPANY_CHARACTERS} {LINE_BREAK}", id="F05-U+2028"),
        pytest.param("company", "a\u202eb", f"{COMPANY_CHARACTERS} {DIRECTION}", id="F06-U+202E"),
        pytest.param("name", "", "Enter your name.", id="name-missing"),
        pytest.param("name", "n" * 201, "Name must be 200 characters or fewer.", id="name-long"),
        pytest.param("name", "a\x1bb", "Name contains characters that cannot be used.", id="ESC"),
        pytest.param("email", "", "Enter your email address.", id="email-missing"),
        pytest.param("email", "a@b", EMAIL_WRONG, id="F13-no-dot"),
        pytest.param("email", "a@localhost", EMAIL_WRONG, id="F13-localhost"),
        pytest.param("email", "Name <a@ex.org>", EMAIL_WRONG, id="F14-display-name"),
        pytest.param("email", "a@ex.org,b@ex.org", EMAIL_WRONG, id="F14-two"),
        pytest.param("email", "a@ex.org\nBcc: x@y", f"{EMAIL_WRONG} {LINE_BREAK}", id="F14-header"),
        pytest.param("email", "a" * 250 + "@example.com", EMAIL_TOO_LONG, id="F16-262"),
        pytest.param("phone", "abc", PHONE_WRONG, id="F18-letters"),
        pytest.param("phone", "+999 1", PHONE_WRONG, id="F18-country"),
        pytest.param("phone", "110", PHONE_WRONG, id="F18-emergency"),
        pytest.param("phone", "+49 30 123456 (mobil)", PHONE_REMARK, id="F18-remark"),
        pytest.param("phone", "1" * 251, PHONE_WRONG, id="F19-251-digits"),
        pytest.param(
            "phone",
            "+49 30",
            "This phone number is too short. Enter all of its digits.",
            id="phone-short",
        ),
        pytest.param(
            "phone",
            "+49 30 9018200 9018200 9018200",
            "This phone number is too long. Enter one number only.",
            id="phone-long",
        ),
    ],
)
def test_an_error_stands_beside_the_field_and_in_the_summary(
    client: FlaskClient, store: Store, field: str, typed: str, sentence: str
) -> None:
    page = sign_up(client, **{field: typed})
    assert page.status_code == 422
    assert title(page).startswith("Error: ")
    assert summary(page) == [(field, sentence)]
    assert error_beside(page, field) == sentence
    assert everything(store) == {}
    form_again = form_of(page, "/sign-up")
    others = {name: value for name, value in TYPED.items() if name != field}
    assert {name: form_again[name] for name in others} == others


def test_f01_an_empty_form_gets_one_line_for_each_field(client: FlaskClient, store: Store) -> None:
    page = sign_up(client, company="", name="", email="", phone="")
    assert page.status_code == 422
    assert summary(page) == [
        ("company", COMPANY_MISSING),
        ("name", "Enter your name."),
        ("email", "Enter your email address."),
    ]
    assert everything(store) == {}


def test_f01_fields_that_are_not_sent_at_all_count_as_empty(client: FlaskClient) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up")
    only = {name: form[name] for name in ("csrf_token", "form_token")}
    page = client.post("/sign-up", data=only)
    assert page.status_code == 422
    assert [field for field, _ in summary(page)] == ["company", "name", "email"]


def test_all_entries_are_shown_again_as_they_were_typed(client: FlaskClient) -> None:
    typed = {
        "company": '  "Ä" & <Söhne>  ',
        "name": "Jane  D'Oe",
        "email": "not an address",
        "phone": "call me",
    }
    page = sign_up(client, **typed)
    form_again = form_of(page, "/sign-up")
    assert {name: form_again[name] for name in typed} == typed


def test_a_corrected_form_is_accepted(client: FlaskClient, store: Store) -> None:
    refused = sign_up(client, email="a@b")
    corrected = form_of(refused, "/sign-up") | {"email": "jane@example.com"}
    assert client.post("/sign-up", data=corrected).status_code == 303
    assert len(tenants_in(store)) == 1


def test_the_summary_takes_the_focus(client: FlaskClient) -> None:
    page = sign_up(client, email="")
    (box,) = [each for each in tree(page).iter("div") if each.get("autofocus") is not None]
    assert box.get("tabindex") == "-1"
    assert box.get("aria-labelledby") == "summary-title"


def test_f04_a_company_name_of_a_megabyte_costs_nothing(client: FlaskClient) -> None:
    data = form_of(client.get("/sign-up"), "/sign-up") | TYPED | {"company": "a" * 1_000_000}
    page = client.post("/sign-up", data=data)
    assert page.status_code == 413
    assert "Request too large." in page_words(page)


@pytest.mark.parametrize(
    ("field", "typed", "seconds"),
    [
        pytest.param("company", "\u00e4" * 10_000, 0.050, id="F04-company"),
        pytest.param("email", "a" * 50_000, 0.050, id="F16-email"),
        pytest.param("phone", "1" * 251, 0.005, id="F19-phone"),
        pytest.param("phone", "1" * 50_000, 0.005, id="F19-phone-50-kB"),
    ],
)
def test_a_long_text_is_refused_quickly(app: Flask, field: str, typed: str, seconds: float) -> None:
    from portal.web.forms.contact_form import ContactForm  # noqa: PLC0415 - beside the request it needs

    with app.test_request_context("/sign-up", method="POST", data=TYPED | {field: typed}):
        spent = []
        for _ in range(5):
            form = ContactForm()
            start = time.process_time()
            assert not form[field].validate(form)
            spent.append(time.process_time() - start)
    assert min(spent) < seconds


# ---- Unusual values that are accepted


@pytest.mark.parametrize(
    "company",
    [
        pytest.param("<script>alert(1)</script>", id="F07"),
        pytest.param('<div hx-post="/x" hx-trigger="load">', id="F08"),
        pytest.param("=cmd|'/c calc'!A1", id="F09"),
        pytest.param("=?utf-8?q?a=0d=0aBcc:_x@y?=", id="F10"),
        pytest.param("{{7*7}}", id="F11-braces"),
        pytest.param("${7*7}", id="F11-dollar"),
        pytest.param("%s%n%(company)s", id="F11-percent"),
    ],
)
def test_odd_names_are_stored_as_text_and_shown_as_text(
    client: FlaskClient, store: Store, company: str
) -> None:
    done = sent_in(client, company=company)
    assert tenants_in(store)[done.id]["contactCompanyName"] == company
    page = client.get(done.url)
    assert facts(page)["Company"] == company
    assert not tree(page).findall(".//div[@hx-post]")
    assert "alert(1)" not in "".join("".join(each.itertext()) for each in tree(page).iter("script"))


def test_f12_a_decomposed_name_is_stored_composed(client: FlaskClient, store: Store) -> None:
    done = sent_in(client, company="Mu\u0308ller")
    assert tenants_in(store)[done.id]["contactCompanyName"] == "M\u00fcller"


def test_f15_an_address_is_trimmed_and_its_domain_in_lower_case(
    client: FlaskClient, store: Store
) -> None:
    done = sent_in(client, email=" a@EX.org ")
    assert tenants_in(store)[done.id]["contactEmailAddress"] == "a@ex.org"


def test_an_international_address_is_taken(client: FlaskClient, store: Store) -> None:
    done = sent_in(client, email="jörg@müller.example.com")
    assert tenants_in(store)[done.id]["contactEmailAddress"] == "jörg@müller.example.com"


@pytest.mark.parametrize(
    ("typed", "e164"),
    [
        pytest.param("+1 800 FLOWERS", "+18003569377", id="F20-letters"),
        pytest.param("+٤٩ ٣٠ ٩٠١٨٢٠", "+4930901820", id="F20-arabic-digits"),
        pytest.param("+49 (0)30 / 90 18 20", "+4930901820", id="F20-punctuation"),
    ],
)
def test_a_number_is_stored_as_it_is_dialled(
    client: FlaskClient, store: Store, typed: str, e164: str
) -> None:
    done = sent_in(client, phone=typed)
    tenant = tenants_in(store)[done.id]
    assert tenant["contactPhone"] == e164
    assert tenant["contactPhoneTyped"] == typed


@pytest.mark.parametrize(
    "extra",
    [
        {"status": "active", "version": "9", "id": "x"},
        {"isActive": "true", "validFrom": "2020-01-01", "validTo": "2199-12-31"},
        {"tenantId": "86810_104348", "set_aside": "1", "decidedBy": "Anna", "reference": "x" * 26},
        {"client_id": "c", "client_secret": "s", "valid_to": "2199-12-31"},
    ],
    ids=["F26-T17-status", "T17-window", "T17-ids", "T17-client"],
)
def test_fields_that_the_form_does_not_have_change_nothing(
    client: FlaskClient, store: Store, extra: dict[str, str]
) -> None:
    plain = sent_in(client)
    done = sent_in(client, **extra)
    tenants = tenants_in(store)
    differing = {"tenantId", "statusLink", "gsi2sk", "gsi3sk", "gsi4sk"}
    expected = {k: v for k, v in tenants[plain.id].items() if k not in differing}
    assert {k: v for k, v in tenants[done.id].items() if k not in differing} == expected
    assert tenants[done.id]["status"] == "pending"


# ---- The form's own token


@pytest.mark.parametrize("token", ["", "forged", "WyJhIl0.x", "a" * 500])
def test_f23_a_forged_stamp_is_asked_for_again_and_entries_are_kept(
    client: FlaskClient, store: Store, token: str
) -> None:
    page = sign_up(client, form_token=token)
    assert page.status_code == 422
    assert summary(page) == [("", "Please send the form again.")]
    form_again = form_of(page, "/sign-up")
    assert {name: form_again[name] for name in TYPED} == TYPED
    assert everything(store) == {}
    assert client.post("/sign-up", data=form_again).status_code == 303


@pytest.mark.parametrize(
    ("age", "status"),
    [(timedelta(hours=24), 303), (timedelta(hours=24, milliseconds=1), 422)],
    ids=["F23-24h", "F23-just-over-24h"],
)
def test_a_form_is_good_for_a_day(
    client: FlaskClient, clock: Clock, age: timedelta, status: int
) -> None:
    data = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    clock.advance(seconds=age.total_seconds())
    page = client.post("/sign-up", data=data)
    assert page.status_code == status
    if status == 422:
        assert summary(page) == [("", "Please send the form again.")]


def test_another_forms_text_is_no_form_token(client: FlaskClient, app: Flask) -> None:
    from portal.queries import PageCursor  # noqa: PLC0415 - only this test forges one

    links = app.extensions["portal"].links
    page = sign_up(client, form_token=links.cursor(PageCursor(0, ("a", "b")), "all "))
    assert page.status_code == 422


# ---- Claims of a link out of Field Service Management


def test_parameters_of_the_shell_are_shown_as_facts_and_stored_as_claims(
    client: FlaskClient, store: Store
) -> None:
    page = client.get(f"/sign-up{SHELL_QUERY}")
    assert facts(page) == {
        "Account": "Example Holding (86810)",
        "Company in FSM": "Example GmbH (104348)",
        "Cluster": "eu",
    }
    controls = [each for each in tree(page).iter("input") if each.get("name") in SHELL]
    assert {each.get("type") for each in controls} == {"hidden"}
    done = sent_in(client, query=SHELL_QUERY)
    tenant = tenants_in(store)[done.id]
    assert [tenant["accountId"], tenant["companyId"], tenant["cluster"]] == [
        "86810",
        "104348",
        "eu",
    ]
    assert [tenant["accountName"], tenant["companyName"]] == ["Example Holding", "Example GmbH"]
    assert "gsi1pk" not in tenant
    assert everything(store)["claim-86810_104348"]["count"] == 1


def test_claims_are_kept_after_an_error(client: FlaskClient, store: Store) -> None:
    refused = sign_up(client, query=SHELL_QUERY, email="a@b")
    assert facts(refused)["Account"] == "Example Holding (86810)"
    corrected = form_of(refused, "/sign-up") | {"email": "jane@example.com"}
    client.post("/sign-up", data=corrected)
    (tenant,) = tenants_in(store).values()
    assert tenant["accountName"] == "Example Holding"


@pytest.mark.parametrize(
    "query",
    ["?account_id=86810", "?account_id=../x&company_id=1", "?account_id=1&company_id=a%00b"],
)
def test_claims_that_the_shell_cannot_have_written_are_left_out(
    client: FlaskClient, store: Store, query: str
) -> None:
    assert facts(client.get(f"/sign-up{query}")) == {}
    done = sent_in(client, query=query)
    assert "accountId" not in tenants_in(store)[done.id]


@pytest.mark.parametrize(
    ("cluster", "kept"),
    [
        ("evil.example%2F", None),
        ("eu.fsm.cloud.sap.evil.example", None),
        ("e" * 41, None),
        ("EU", "eu"),
        ("https%3A%2F%2Feu.fsm.cloud.sap%2F", "eu"),
        ("nobody-knows-7", "nobody-knows-7"),
    ],
)
def test_a_cluster_that_is_no_host_label_is_dropped_and_the_form_goes_on(
    client: FlaskClient, store: Store, cluster: str, kept: str | None
) -> None:
    query = SHELL_QUERY.replace("cluster=eu", f"cluster={cluster}")
    assert query != SHELL_QUERY
    assert facts(client.get(f"/sign-up{query}")).get("Cluster") == kept
    done = sent_in(client, query=query)
    tenant = tenants_in(store)[done.id]
    assert (tenant["accountId"], tenant.get("cluster")) == ("86810", kept)


def test_a_cluster_that_is_typed_into_the_hidden_field_is_dropped(
    client: FlaskClient, store: Store
) -> None:
    form = form_of(client.get(f"/sign-up{SHELL_QUERY}"), "/sign-up") | TYPED
    assert client.post("/sign-up", data=form | {"cluster": "evil.example/"}).status_code == 303
    (tenant,) = tenants_in(store).values()
    assert "cluster" not in tenant


def test_two_sign_ups_may_claim_the_same_ids(client: FlaskClient, store: Store) -> None:
    one, other = sent_in(client, query=SHELL_QUERY), sent_in(client, query=SHELL_QUERY)
    assert one.id != other.id
    assert everything(store)["claim-86810_104348"]["count"] == 2


def test_the_honeypot_is_out_of_the_way_of_people(client: FlaskClient) -> None:
    trap = by_id(client.get("/sign-up"), "website")
    assert trap.get("tabindex") == "-1"
    assert trap.get("autocomplete") == "off"


def test_the_same_form_sent_again_with_a_correction_changes_the_contact(
    client: FlaskClient, store: Store
) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    first = client.post("/sign-up", data=form | {"email": "jane@exmaple.com"})
    again = client.post("/sign-up", data=form)
    assert again.location == f"{first.location}?done=changed"
    (tenant,) = tenants_in(store).values()
    assert tenant["contactEmailAddress"] == TYPED["email"]
    assert tenant["decidedBy"] == "customer"


def test_the_root_address_keeps_the_parameters_of_the_shell_and_no_others(
    client: FlaskClient,
) -> None:
    answer = client.get("/?account_id=1&company_id=2&_anchor=x&_external=1&next=//evil")
    assert answer.location == "/sign-up?account_id=1&company_id=2"


def test_a_browser_without_cookies_is_asked_to_allow_them(new_client) -> None:
    form = form_of(new_client().get("/sign-up"), "/sign-up") | TYPED
    answer = new_client().post("/sign-up", data=form)
    assert answer.status_code == 400
    assert "allow cookies for this site in your browser" in answer.text
