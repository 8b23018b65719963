"""For every route: who may enter it, by which method, and which headers the response has."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal import create_app
from portal.address_proofs import proof_token
from portal.auth import (
    Role,
    Scope,
    create_api_token,
    disable_person,
    id_of_address,
    make_sign_in_link,
    sessions_of,
    start_session,
)
from portal.imports.jobs.create import create_job
from portal.imports.model import ImportOptions
from portal.imports.planning.plan import Plan
from portal.imports.planning.staging import StagedEntries
from portal.imports.streaming.decode import Limits
from portal.records import DeliveryState, outbox_item
from portal.refusal_links import RefusalLinks
from portal.reminder_links import reminder_token
from portal.sealing.fingerprints import SecretFingerprints
from portal.settings import Settings
from portal.stores.contract import Replace, Store
from portal.tenants import AuditInfo, Ids
from portal.web.http.access import ANYONE, OPEN_CALL, ROUTE_ACCESS
from portal.webhooks import State, Subscription, newest, rotate, send_test, switch
from tests.conftest import SECRET_KEY, Clock
from tests.strict_client import FRAMED as FRAMED_PATHS
from tests.strict_client import FRAMED_POLICY, StrictClient
from tests.web.pages import (
    HTMX,
    TYPED,
    SignUp,
    Staff,
    everything,
    form_of,
    forms,
    heading,
    page_words,
    sent_in,
    sign_in,
    ticked,
)
from tests.web.write_cases import SEND_AGAIN, UNDO, UNDO_RENEW, WRITES
from tests.webhooks.receivers import ADMIN, SECRETS, seen, subscribe

#: As the old application stored it, without its secret.
TENANT = {
    "accountId": "86810", "companyId": "1", "accountName": "Meyer Group",
    "companyName": "Meyer GmbH", "cluster": "eu", "contactCompanyName": "Meyer GmbH",
    "contactFullName": "Max Meyer", "contactEmailAddress": "max@meyer.example",
    "clientId": "fsm", "isActive": False, "openEnded": True,
}  # fmt: skip

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

#: Endpoint -> method -> what nobody, a viewer, an approver and an administrator get. The
#: forms carry a valid token and nothing else, so 409 and 422 come from the view.
_PUBLIC_PAGE = {"GET": (200, 200, 200, 200)}
_STAFF_PAGE = {"GET": (303, 200, 200, 200)}
_ADMIN_PAGE = {"GET": (303, 403, 403, 200)}
_DECISION = {"POST": (303, 403, 409, 409)}
GOLDEN = {
    "static": _PUBLIC_PAGE,
    "health": _PUBLIC_PAGE,
    "health_live": _PUBLIC_PAGE,
    "health_ready": _PUBLIC_PAGE,
    # Off by default.
    "metrics": {"GET": (404, 404, 404, 404)},
    "site.choose_language": {"GET": (303, 303, 303, 303)},
    "site.robots": _PUBLIC_PAGE,
    # Without a contact there is none.
    "site.security_contact": {"GET": (404, 404, 404, 404)},
    "site.favicon": _PUBLIC_PAGE,
    "customer.index": {"GET": (302, 302, 302, 302)},
    "customer.sign_up": {"GET": (200, 200, 200, 200), "POST": (422, 422, 422, 422)},
    "customer.challenge": _PUBLIC_PAGE,
    "lost_link.ask": {"GET": (200, 200, 200, 200), "POST": (422, 422, 422, 422)},
    "customer.check_field": {"POST": (200, 200, 200, 200)},
    "status.show": _PUBLIC_PAGE,
    "status.change": {"GET": (200, 200, 200, 200), "POST": (422, 422, 422, 422)},
    # It waits for a decision.
    "follow_up.ask_again": {"GET": (303, 303, 303, 303), "POST": (303, 303, 303, 303)},
    "refusal.show": _PUBLIC_PAGE,
    "status.withdraw": {"GET": (200, 200, 200, 200), "POST": (409, 409, 409, 409)},
    # Nobody has asked it anything.
    "question.answer": {"GET": (303, 303, 303, 303), "POST": (303, 303, 303, 303)},
    # The form of the test has no token of its own.
    "address.confirm": {"GET": (200, 200, 200, 200), "POST": (400, 400, 400, 400)},
    # A mail program has no form at all.
    "reminders.end": {"GET": (200, 200, 200, 200), "POST": (200, 200, 200, 200)},
    "address.send_link": {"POST": (303, 303, 303, 303)},
    # Last, because the link opens nothing afterwards.
    "status.end_link": {"GET": (200, 200, 200, 200), "POST": (200, 200, 200, 200)},
    "shell.page": _PUBLIC_PAGE,
    # Only a browser that says that the form is ours may send it.
    "shell.sign_up": {"POST": (403, 403, 403, 403)},
    # A part of that page.
    "shell.state": {"GET": (303, 303, 303, 303)},
    "shell.app_config": _PUBLIC_PAGE,
    "api.validate": _PUBLIC_PAGE,
    # Another service has them.
    "api.appointments": {"GET": (404, 404, 404, 404), "POST": (404, 404, 404, 404)},
    "api.appointment": {"GET": (404, 404, 404, 404), "PUT": (404, 404, 404, 404)},
    # Whoever is signed in: these routes need an API token.
    # Until a topic is set up.
    "api.ses_report": {"POST": (404, 404, 404, 404)},
    # Whoever is signed in: this route needs an API token.
    "api.imports": {"POST": (401, 401, 401, 401)},
    "api.undo_import": {"POST": (401, 401, 401, 401)},
    # One address for two.
    "api.tenant": {"GET": (401, 401, 401, 401), "PUT": (401, 401, 401, 401)},
    "api.change_tenant": {"GET": (401, 401, 401, 401), "PUT": (401, 401, 401, 401)},
    "api.tenants": {"GET": (401, 401, 401, 401)},
    "api.events": {"GET": (401, 401, 401, 401)},
    # It takes no form.
    "api.new_tenant": {"POST": (415, 415, 415, 415)},
    "openapi.openapi": _PUBLIC_PAGE,
    "openapi.page": _PUBLIC_PAGE,
    "staff.sign_in": {"GET": (200, 200, 200, 200), "POST": (422, 422, 422, 422)},
    "staff.use_link": {"GET": (200, 200, 200, 200), "POST": (303, 303, 303, 303)},
    "staff.cut_link": {"GET": (404, 404, 404, 404)},
    # Without a provider there are none: tests/web/staff/test_provider_sign_in.py.
    "staff.begin_at_provider": {"GET": (404, 404, 404, 404)},
    "staff.back_from_provider": {"GET": (404, 404, 404, 404)},
    "staff.home": _STAFF_PAGE,
    "staff.session": {"GET": (303, 204, 204, 204)},
    "staff.tenants": _STAFF_PAGE,
    "staff.proofs": _STAFF_PAGE,
    "staff.tenant": _STAFF_PAGE,
    "staff.views": _STAFF_PAGE,
    # The form of the test has no name, and there is no such view.
    "staff.save_view": {"POST": (303, 422, 422, 422)},
    "staff.rename_view": {"POST": (303, 422, 422, 422)},
    "staff.remove_view": {"POST": (303, 303, 303, 303)},
    "staff.tenants_csv": {"GET": (303, 403, 200, 200)},
    "staff.report": _ADMIN_PAGE,
    # The address of the test names no days.
    "staff.report_csv": {"GET": (303, 403, 403, 422)},
    # Only a script asks for a part of the page.
    "staff.presence": {"POST": (303, 303, 303, 303)},
    "staff.me": {"GET": (303, 200, 200, 200), "POST": (303, 303, 303, 303)},
    "decisions.activate": _DECISION,
    "decisions.activate_try": _DECISION,
    "decisions.renew": _DECISION,
    "decisions.undo": _DECISION,
    "decisions.undo_renew": _DECISION,
    "decisions.ids": _DECISION,
    "decisions.reject": _DECISION,
    "decisions.reject_preview": _DECISION,
    "decisions.question": _DECISION,
    "decisions.question_preview": _DECISION,
    "decisions.reopen": _DECISION,
    "decisions.release": _DECISION,
    "decisions.suspend": _DECISION,
    "decisions.reinstate": _DECISION,
    "decisions.validity": _DECISION,
    "decisions.client": _DECISION,
    "decisions.client_try": _DECISION,
    "decisions.contact": _DECISION,
    "decisions.names": _DECISION,
    "decisions.note": {"POST": (303, 403, 422, 422)},
    # The form of the test names nobody.
    "decisions.assign": {"POST": (303, 403, 422, 422)},
    # The form of the test names no mail.
    "decisions.send_again": {"POST": (303, 403, 404, 404)},
    # The form of the test names no verb.
    "bulk.ask": {"POST": (303, 403, 404, 404)},
    "bulk.preview": {"POST": (303, 403, 404, 404)},
    "bulk.decide": {"POST": (303, 403, 404, 404)},
    "staff.doubtful": {"GET": (303, 403, 200, 200)},
    # The form of the test does not say when its page was made.
    "staff.clear_doubtful": {"POST": (303, 403, 422, 422)},
    "staff.security": _ADMIN_PAGE,
    "staff.people": {"GET": (303, 403, 403, 200), "POST": (303, 403, 403, 422)},
    "staff.person": _ADMIN_PAGE,
    "staff.change_role": {"POST": (303, 403, 403, 422)},
    "staff.end_session": {"POST": (303, 403, 403, 303)},
    "staff.end_access": {"POST": (303, 403, 403, 303)},
    "staff.give_access": {"POST": (303, 403, 403, 303)},
    "staff.background": _ADMIN_PAGE,
    "staff.tokens": {"GET": (303, 403, 403, 200), "POST": (303, 403, 403, 422)},
    "staff.revoke_token": {"POST": (303, 403, 403, 303)},
    "staff.webhooks": {"GET": (303, 403, 403, 200), "POST": (303, 403, 403, 422)},
    "staff.webhook": _ADMIN_PAGE,
    "staff.webhook_secret": {"POST": (303, 403, 403, 200)},
    "staff.webhook_test": {"POST": (303, 403, 403, 303)},
    # The form of the test names no delivery.
    "staff.webhook_replay": {"POST": (303, 403, 403, 404)},
    "staff.webhook_replay_all": {"POST": (303, 403, 403, 303)},
    # Nor the version of the receiver.
    "staff.webhook_on": {"POST": (303, 403, 403, 409)},
    "staff.webhook_off": {"POST": (303, 403, 403, 409)},
    "staff.webhook_rotate": {"POST": (303, 403, 403, 409)},
    "staff.webhook_end_secret": {"POST": (303, 403, 403, 409)},
    "staff.webhook_remove": {"POST": (303, 403, 403, 409)},
    "imports.index": {"GET": (303, 403, 403, 200), "POST": (303, 403, 403, 422)},
    "imports.show": _ADMIN_PAGE,
    "imports.report_csv": _ADMIN_PAGE,
    "imports.report_json": _ADMIN_PAGE,
    "imports.discard": {"POST": (303, 403, 403, 303)},
    # It is the plan of an import, of which there is nothing to undo.
    "imports.undo": {"GET": (303, 403, 403, 200), "POST": (303, 403, 403, 409)},
    # The request before discarded the import.
    "imports.apply": {"POST": (303, 403, 403, 409)},
    # Last, because it ends the session of the other requests.
    "staff.sign_out": {"POST": (303, 303, 303, 303)},
}
ROLES = (None, "viewer", "approver", "admin")

#: Every response has exactly these, beside the headers that describe its content.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
#: Of what may be in a frame of the shell.
FRAMED = {
    **{name: value for name, value in HEADERS.items() if name != "X-Frame-Options"},
    "Content-Security-Policy": FRAMED_POLICY,
}


@pytest.fixture
def pending(client: FlaskClient) -> SignUp:
    return sent_in(client)


@pytest.fixture
def address(
    pending: SignUp, store: Store, clock: Clock, settings: Settings
) -> Callable[[Rule], str]:
    """An address of a rule, with ids that exist."""
    import_id = planned_import(store, clock, settings)
    life, scopes = timedelta(days=1), [Scope.TENANTS_READ]
    text = create_api_token(store, name="sync", scopes=scopes, life=life, now=clock.now())
    kid = text.partition(".")[0]
    paula, session_id = colleague(store, clock)
    subscription_id = subscribe(store, "https://receiver.example/", clock=clock).id

    def make(rule: Rule) -> str:
        values = {"filename": "portal.css", "tenant_id": pending.id, "token": pending.token}
        values["name"] = "unknown-ids"
        values |= {"import_id": import_id, "language": "de", "kid": kid}
        values |= {"view_id": "0" * 8, "subscription_id": subscription_id}
        values |= {"person_id": paula, "session_id": session_id}
        if rule.endpoint == "staff.use_link":
            someone = {"email": "new@example.com", "name": "New", "role": "viewer"}
            values["token"] = make_sign_in_link(store, now=clock.now(), **someone)
        if rule.endpoint == "address.confirm":
            values["token"] = proof_token(
                SECRET_KEY,
                pending.token[:26],
                TYPED["email"],
                str(store.get(pending.id)["statusLink"]),
                clock.now(),
            )
        if rule.endpoint == "reminders.end":
            values["token"] = reminder_token(SECRET_KEY, pending.id, TYPED["email"])
        if rule.endpoint == "refusal.show":
            links = RefusalLinks("", [SECRET_KEY], offered=True)
            return links.address(Ids(account_id="1", company_id="2"))
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], rule.rule)
        if rule.endpoint == "customer.check_field":
            path += "?field=company"
        return path + ("?accountId=1&companyId=2" if rule.endpoint == "api.validate" else "")

    return make


def colleague(store: Store, clock: Clock) -> tuple[str, str]:
    """The ids of another member of staff and of a session of theirs."""
    email = "paula@staff.example.com"
    link = make_sign_in_link(store, email=email, name="Paula", role="viewer", now=clock.now())
    start_session(store, link, clock.now())
    paula = id_of_address(store, email)
    (session,) = sessions_of(store, paula, clock.now())
    return paula, session.id


def planned_import(store: Store, clock: Clock, settings: Settings) -> str:
    """The id of an import that waits to be confirmed."""
    audit = AuditInfo(by="Ada", at=clock.now())
    with StagedEntries() as draft:
        draft.add(io.BytesIO(json.dumps([TENANT]).encode()), Limits.of_page(settings))
        plan = Plan(
            draft, store, SecretFingerprints([SECRET_KEY]), ImportOptions(), now=clock.now()
        )
        return create_job(store, plan, audit).id


def rules(app: Flask) -> dict[str, Rule]:
    """Endpoint -> rule; each endpoint has one."""
    found = {rule.endpoint: rule for rule in app.url_map.iter_rules()}
    assert len(found) == len(list(app.url_map.iter_rules()))
    return found


def test_t14_every_rule_has_an_entry_and_every_entry_a_rule(app: Flask) -> None:
    assert rules(app).keys() == ROUTE_ACCESS.keys() == GOLDEN.keys()


def test_t14_staff_pages_are_closed_to_everybody_else(app: Flask) -> None:
    for endpoint, rule in rules(app).items():
        is_sign_in = endpoint in (
            "staff.sign_in",
            "staff.use_link",
            "staff.sign_out",
            "staff.cut_link",
            "staff.begin_at_provider",
            "staff.back_from_provider",
        )
        if rule.rule.startswith("/staff") and not is_sign_in:
            assert ROUTE_ACCESS[endpoint] not in (ANYONE, OPEN_CALL)
        if rule.methods and "POST" in rule.methods and endpoint.startswith(("decisions.", "bulk.")):
            assert ROUTE_ACCESS[endpoint] == Role.APPROVER
        if endpoint.startswith("imports."):
            assert ROUTE_ACCESS[endpoint] == Role.ADMIN


def test_t14_a_rule_that_is_in_no_table_is_closed(app: Flask, store: Store, clock: Clock) -> None:
    app.add_url_rule("/unlisted", "unlisted", lambda: "secret")
    nobody, boss = app.test_client(), app.test_client()
    sign_in(boss, store, clock.now(), role="admin", name="Ada")
    for client in (nobody, boss):
        answer = client.get("/unlisted")
        assert answer.status_code == 403
        assert heading(answer) == "Request refused."


def token_of(client: FlaskClient) -> str:
    return form_of(client.get("/sign-up"), "/sign-up")["csrf_token"]


@pytest.mark.parametrize("role", ROLES)
def test_t14_the_golden_matrix(
    *,
    role: str | None,
    app: Flask,
    store: Store,
    clock: Clock,
    address: Callable[[Rule], str],
    new_client: Callable[[], FlaskClient],
) -> None:
    client, token = new_client(), ""
    column = ROLES.index(role)
    found, expected = {}, {}
    for endpoint, answers in GOLDEN.items():
        for method in METHODS:
            if endpoint in ("static", "staff.home", "staff.sign_out"):
                # The sign-in link of the request before has signed in another person.
                client = new_client()
                if role:
                    sign_in(client, store, clock.now(), role=role, name="Somebody")
                token = token_of(client)
            data = {"csrf_token": token} if method not in ("GET", "HEAD") else None
            headers = HTMX if endpoint == "customer.check_field" else {}
            url = address(rules(app)[endpoint])
            answer = client.open(url, method=method, data=data, headers=headers, buffered=True)
            found[endpoint, method] = answer.status_code
            golden = answers.get("GET" if method == "HEAD" else method, (405,) * 4)
            expected[endpoint, method] = golden[column]
            if answer.status_code == 405:
                assert set(answer.headers["Allow"].split(", ")) >= answers.keys()
    assert found == expected


# ---- Forms that are not ours

OTHER_WRITES = {"undo": UNDO, "undo_renew": UNDO_RENEW, "send_again": SEND_AGAIN}
#: A browser, an address, and a form that would change something there.
Good = tuple[FlaskClient, str, dict[str, str]]
#: Programs send no form: tests/web/api/test_tokens.py. The press that proves an address has a token
#: of its own: tests/web/customer/test_confirm.py. The link that ends reminders is enough, as mail
#: programs send it: tests/web/customer/test_reminders.py.
CHANGING = [
    endpoint
    for endpoint, methods in GOLDEN.items()
    if "POST" in methods
    and not endpoint.startswith("api.")
    and endpoint not in ("address.confirm", "reminders.end")
]


#: The part of an address that does something to another member of staff.
PEOPLE = {"change_role": "role", "end_access": "end", "give_access": "give", "end_session": ""}


def good_of_people(verb: str, ada: Staff, store: Store, clock: Clock) -> Good:
    if verb == "people":
        form = form_of(ada.get("/staff/people"), "/staff/people")
        invited = {"email": "new@staff.example.com", "name": "New", "role": "viewer"}
        return ada.client, "/staff/people", form | invited
    paula, session_id = colleague(store, clock)
    if verb == "give_access":
        disable_person(store, email="paula@staff.example.com", now=clock.now())
    url = f"/staff/people/{paula}"
    action = f"{url}/{PEOPLE[verb] or f'sessions/{session_id}/end'}"
    typed = {"role": "approver"} if verb == "change_role" else {}
    return ada.client, action, form_of(ada.get(url), action) | typed


#: Pages of staff that are about no single tenant.
OF_STAFF = (
    "clear_doubtful", "tokens", "revoke_token", "me", "presence", "sign_out",
)  # fmt: skip


def good_of_staff(verb: str, customer: FlaskClient, person: Callable[..., Staff]) -> Good:
    if verb == "clear_doubtful":
        sent_in(customer, website="https://robot.example")
        anna = person("Anna")
        url = "/staff/doubtful/clear"
        return anna.client, url, form_of(anna.get("/staff/doubtful"), url)
    if verb in ("tokens", "revoke_token"):
        ada = person("Ada", "admin")
        page = ada.get("/staff/tokens")
        form = form_of(page, "/staff/tokens") | {"name": "sync", "tenants_read": "1"}
        if verb == "tokens":
            return ada.client, "/staff/tokens", form
        made = ada.client.post("/staff/tokens", data=form)
        url = f"/staff/tokens/{form['kid']}/revoke"
        return ada.client, url, form_of(made, url)
    anna = person("Anna")
    if verb in ("me", "presence"):
        form = form_of(anna.get("/staff/me"), "/staff/me") | {"version": "1", "turn": "0"}
        path = f"tenants/{sent_in(customer).id}/presence" if verb == "presence" else "me"
        return anna.client, f"/staff/{path}", form
    return anna.client, "/staff/sign-out", {"csrf_token": anna.token()}


def good_of_webhooks(verb: str, ada: Staff, store: Store, clock: Clock) -> Good:
    if verb == "webhooks":
        form = form_of(ada.get("/staff/webhooks"), "/staff/webhooks")
        typed = {"address": "https://receiver.example/", "pending": "1"}
        return ada.client, "/staff/webhooks", form | typed
    subscription = subscribe(store, "https://receiver.example/", clock=clock)
    if verb == "webhook_on":
        switch(store, seen(subscription), State.OFF, ADMIN, clock.now())
    if verb == "webhook_end_secret":
        rotate(store, SECRETS, seen(subscription), ADMIN, clock.now())
    url = f"/staff/webhooks/{subscription.id}"
    action = f"{url}/{verb.removeprefix('webhook_').replace('_', '-')}"
    if verb in ("webhook_replay", "webhook_replay_all"):
        give_up(store, subscription, clock)
    return ada.client, action, form_of(ada.get(url), action)


def give_up(store: Store, subscription: Subscription, clock: Clock) -> None:
    """A delivery to the receiver that was given up."""
    send_test(store, subscription, "ab" * 16, ADMIN, clock.now())
    (entry,) = newest(store, subscription.id, 1)
    ended = replace(
        entry, version=2, state=DeliveryState.GIVEN_UP, due_at=None, ended_at=clock.now()
    )
    store.write([Replace(outbox_item(ended), 1)])


def good_of_many(verb: str, customer: FlaskClient, anna: Staff) -> Good:
    tenant_id = sent_in(customer).id
    url, form = ticked(anna.get("/staff/tenants"), "reject", tenant_id)
    if verb == "ask":
        return anna.client, url, form
    page = anna.client.post(url, data=form)
    (url,) = [action for action in forms(page) if "/decide" in action]
    form = form_of(page, url) | {"reason": "other"}
    return anna.client, url.replace("/decide", f"/{verb}"), form


def good_of_imports(verb: str, ada: Staff, import_id: str) -> Good:
    """`import_id`: of a plan."""
    if verb == "index":
        form = form_of(ada.get("/staff/imports/"), "/staff/imports/")
        form = {name: form[name] for name in ("csrf_token", "policy")}
        return ada.client, "/staff/imports/", form | {"text": json.dumps([TENANT])}
    url = f"/staff/imports/{import_id}"
    if verb == "undo":
        ada.client.post(f"{url}/apply", data=form_of(ada.get(url), f"{url}/apply"))
        form = form_of(ada.get(f"{url}/undo"), f"{url}/undo")
        return ada.client, f"{url}/undo", form | {"confirmed": "1"}
    return ada.client, f"{url}/{verb}", form_of(ada.get(url), f"{url}/{verb}")


@pytest.fixture
def good(
    *,
    request: pytest.FixtureRequest,
    client: FlaskClient,
    new_client: Callable[[], FlaskClient],
    store: Store,
    clock: Clock,
    settings: Settings,
) -> Good:
    """For the endpoint in the parameter."""
    room, _, verb = request.param.partition(".")

    def person(name: str, role: str = "approver") -> Staff:
        browser = new_client()
        sign_in(browser, store, clock.now(), role=role, name=name)
        return Staff(browser, name)

    if room == "imports":
        import_id = planned_import(store, clock, settings)
        return good_of_imports(verb, person("Ada", "admin"), import_id)
    if verb in ("people", *PEOPLE):
        return good_of_people(verb, person("Ada", "admin"), store, clock)
    if room == "bulk":
        return good_of_many(verb, client, person("Anna"))
    if verb.startswith("webhook"):
        return good_of_webhooks(verb, person("Ada", "admin"), store, clock)
    if verb in OF_STAFF:
        return good_of_staff(verb, client, person)

    if room == "decisions":
        anna, ben = person("Anna"), person("Ben")
        part = next((each for each in ("preview", "try") if verb.endswith(f"_{each}")), "")
        write = OTHER_WRITES.get(verb) or WRITES[verb.removesuffix(f"_{part}")]
        tenant_id = write.prepare(client, ben)
        url = f"/staff/tenants/{tenant_id}/{write.verb}"
        form = write.form(anna, tenant_id)
        return anna.client, f"{url}/{part}" if part else url, form
    if verb == "use_link":
        someone = {"email": "new@example.com", "name": "New", "role": "viewer"}
        url = f"/staff/sign-in/{make_sign_in_link(store, now=clock.now(), **someone)}"
        return client, url, form_of(client.get(url), url)
    if verb == "ask_again":
        asked = sent_in(client)
        person("Anna").decide(asked.id, "reject", reason="other")
        url = f"{asked.url}/again"
        return client, url, form_of(client.get(url), url)
    if verb == "answer":
        asked = sent_in(client)
        person("Anna").decide(asked.id, "question", text="Which company?")
        url = f"{asked.url}/answer"
        return client, url, form_of(client.get(url), url) | {"answer": "This one."}
    if verb == "send_link":
        done = sent_in(client)
        # The first mail of the day had the link.
        clock.advance(days=1)
        return client, f"{done.url}/confirm", form_of(client.get(done.url), f"{done.url}/confirm")
    if verb == "end_link":
        url = f"{sent_in(client).url}/end"
        return client, url, form_of(client.get(url), url)
    if verb in ("change", "withdraw"):
        url = f"{sent_in(client).url}/{verb}"
        changed = {"company": "Another AG"} if verb == "change" else {}
        return client, url, form_of(client.get(url), url) | changed
    url = {"lost_link": "/lost-link", "staff": "/staff/sign-in"}.get(room, "/sign-up")
    form = form_of(client.get(url), url) | TYPED
    return client, f"{url}/check?field=company" if verb == "check_field" else url, form


@pytest.mark.parametrize("good", CHANGING, ids=CHANGING, indirect=True)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_f24_f25_t9_a_form_that_is_not_ours_changes_nothing(
    good: Good, headers: dict[str, str], new_client: Callable[[], FlaskClient], store: Store
) -> None:
    client, url, form = good
    stranger = token_of(new_client())
    before = everything(store)

    # At least one field: the test client sends no Content-Length for an empty form, a browser does.
    without = {name: value for name, value in form.items() if name != "csrf_token"} | {"x": "1"}
    for token in ({}, {"csrf_token": "forged"}, {"csrf_token": stranger}):
        answer = client.post(url, data=without | token, headers=headers)
        assert answer.status_code == 400
        words = page_words(answer)
        assert "This page has expired." in words
        # A page cannot keep a file, and a pasted text may hold secrets.
        are_entries_shown = not url.startswith("/staff/imports/") or url.endswith(
            ("apply", "discard", "undo")
        )
        assert ("Your entries are still here: send them again." in words) is are_entries_shown
    by_header = client.post(url, data=without, headers=headers | {"X-CSRFToken": stranger})
    assert by_header.status_code == 400
    for site in ("cross-site", "same-site", "nonsense"):
        answer = client.post(url, data=form, headers=headers | {"Sec-Fetch-Site": site})
        assert answer.status_code == 403
        assert "Request refused." in page_words(answer)
    assert everything(store) == before

    same = headers | {"Sec-Fetch-Site": "same-origin"}
    same |= HTMX if url.startswith("/sign-up/check") else {}
    assert client.post(url, data=form, headers=same).status_code in (200, 303)
    # These look at what was typed, and save nothing.
    reads = url.startswith(("/sign-up/check", "/staff/bulk?")) or "/preview" in url
    # Only the script of an open page says that it is open.
    reads = reads or ("/presence" in url and headers != HTMX)
    assert (everything(store) == before) is reads


@pytest.mark.parametrize("good", CHANGING, ids=CHANGING, indirect=True)
def test_the_token_may_come_in_a_header_as_htmx_sends_it(good: Good) -> None:
    client, url, form = good
    token = form.pop("csrf_token")
    answer = client.post(
        url, data=form | {"x": "1"}, headers={"X-CSRFToken": token, "HX-Request": "true"}
    )
    assert answer.status_code in (200, 303)


@pytest.mark.parametrize("good", CHANGING, ids=CHANGING, indirect=True)
def test_s16_reading_changes_nothing(good: Good, store: Store) -> None:
    client, url, form = good
    before = everything(store)
    path = url.partition("?")[0]
    for method in ("GET", "HEAD"):
        client.open(path, method=method, query_string={"field": "name"} | form)
    assert everything(store) == before


# ---- Headers


def security_headers(answer: TestResponse) -> dict[str, str]:
    """All headers of a response except those that describe its content; none of them twice."""
    own = {"content-type", "content-length", "location", "allow", "set-cookie", "vary", "etag"}
    own |= {"cache-control", "x-request-id", "last-modified", "date", "expires"}
    own |= {"content-disposition", "accept-ranges", "x-robots-tag", "www-authenticate"}
    # Only whoever is signed in gets it.
    own |= {"portal-session-ends-in"}
    rest = [(name, value) for name, value in answer.headers if name.lower() not in own]
    assert len(dict(rest)) == len(rest)
    return dict(rest)


def test_t8_t23_every_answer_has_exactly_the_security_headers(
    app: Flask, address: Callable[[Rule], str], client: FlaskClient, store: Store, clock: Clock
) -> None:
    sign_in(client, store, clock.now(), role="admin", name="Ada")
    for rule in rules(app).values():
        for method in (*METHODS, "TRACE"):
            headers = HTMX if rule.endpoint == "customer.check_field" else {}
            answer = client.open(address(rule), method=method, headers=headers, buffered=True)
            expected = FRAMED if answer.request.path in FRAMED_PATHS else HEADERS
            assert security_headers(answer) == expected, f"{method} {rule.rule}"
            assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-Id"])


@pytest.mark.parametrize("path", ["/nothing", "/static/nothing", "/staff/tenants/%00", "/api/x"])
def test_t8_errors_have_them_too(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert security_headers(answer) == HEADERS


def test_t8_a_file_that_is_not_sent_again_has_them_too(client: FlaskClient) -> None:
    first = client.get("/static/portal.css", buffered=True)
    again = client.get(
        "/static/portal.css", headers={"If-None-Match": first.headers["ETag"]}, buffered=True
    )
    assert again.status_code == 304
    assert security_headers(again) == HEADERS


def test_over_https_there_is_hsts(settings: Settings, store: Store, clock: Clock) -> None:
    secure = replace(settings, base_url="https://portal.example.com")
    app = create_app(secure, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    answer = app.test_client().get("/sign-up", base_url="https://portal.example.com")
    hsts = {"Strict-Transport-Security": "max-age=31536000"}
    assert security_headers(answer) == HEADERS | hsts
    below = create_app(replace(secure, hsts_include_subdomains=True), store=store)
    answer_below = below.test_client().get("/sign-up", base_url="https://portal.example.com")
    hsts = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
    assert security_headers(answer_below) == HEADERS | hsts
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-portal=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_t25_pages_are_kept_nowhere_and_depend_on_what_htmx_asks(
    app: Flask, address: Callable[[Rule], str], client: FlaskClient, store: Store, clock: Clock
) -> None:
    sign_in(client, store, clock.now(), role="admin", name="Ada")
    for endpoint, rule in rules(app).items():
        if endpoint in ("static", "site.favicon") or "GET" not in (rule.methods or ()):
            continue
        answer = client.get(address(rule))
        assert answer.headers.getlist("Cache-Control") == ["no-store"], endpoint
        varies = ", ".join(answer.headers.getlist("Vary")).split(", ")
        assert {"HX-Request", "HX-Boosted", "HX-History-Restore-Request"} <= set(varies)
        if isinstance(ROUTE_ACCESS[endpoint], Role):
            assert "Cookie" in varies


def test_files_are_kept_for_a_year_since_their_address_changes(client: FlaskClient) -> None:
    page = client.get("/sign-up")
    (sheet,) = re.findall(r'href="(/static/portal.css\?v=[0-9a-f]{12})"', page.text)
    answer = client.get(sheet, buffered=True)
    assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_t25_htmx_keeps_no_page_in_the_browser(client: FlaskClient) -> None:
    page = client.get("/sign-up").text
    assert '"historyCacheSize": 0, "historyRestoreAsHxRequest": false' in page


def test_history_gets_a_whole_page_and_htmx_a_part(
    viewer_page: Callable[..., TestResponse],
) -> None:
    whole = viewer_page()
    part = viewer_page(**{"HX-Request": "true"})
    restored = viewer_page(**{"HX-Request": "true", "HX-History-Restore-Request": "true"})
    boosted = viewer_page(**{"HX-Request": "true", "HX-Boosted": "true"})
    assert ["<html" in each.text for each in (whole, part, restored, boosted)] == [
        True,
        False,
        True,
        True,
    ]


@pytest.fixture
def viewer_page(client: FlaskClient, store: Store, clock: Clock) -> Callable[..., TestResponse]:
    sign_in(client, store, clock.now(), role="viewer", name="Vera")
    return lambda **headers: client.get("/staff/tenants", headers=headers)


def test_a_viewer_is_not_told_to_view_what_only_administrators_may_open(viewer: Staff) -> None:
    page = viewer.get("/staff/imports/")
    assert (page.status_code, heading(page)) == (403, "Your role does not allow this.")
