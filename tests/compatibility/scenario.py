"""Three months of a made-up portal: sign-ups, decisions, imports, commands, API calls.

Two programs run this scenario. `write_1_0.py` runs it with the code of 1.0 and saves the result in
`written_by_1_0`. `test_format_unchanged.py` runs it with the current code and compares. All
details are made up.
"""

import json
from contextlib import suppress

from tests.compatibility.driver import Portal, form_fields, pending_id
from tests.compatibility.sample_records import (
    dump,
    lines,
    made_up_secret,
    record,
    record_50001,
    record_60001,
    records_of_half,
    records_of_plan,
)

#: The day on which the links, tokens and the session in `Portal.texts` are made.
LAST_DAY = "2025-06-02"


def run_scenario(portal: Portal) -> None:
    """All parts in their order."""
    early_days(portal)
    spring(portal)
    tokens_of_programs(portal)
    imports(portal)
    last_day(portal)


def early_days(portal: Portal) -> None:
    """A sign-up and an import that retention erases, and a tenant for each key of the key file."""
    at = portal.clock.set
    at("2025-03-03 09:00")
    ada, anna = portal.staff("Ada Admin", "admin"), portal.staff("Anna Approver", "approver")
    at("2025-03-03 09:10")
    gone = pending_id(
        portal.sign_up(company="Gone Lifts", name="Gus Gone", email="gus@example.com")
    )
    at("2025-03-03 09:20")
    anna.decide(gone, "note", text="Nobody there knows him.")
    anna.decide(gone, "reject", reason="not_a_customer", message="We do not know you.")
    at("2025-03-03 09:30")
    plan = ada.plan_import(dump(record_50001()))
    at("2025-03-03 09:40")
    ada.press(plan, "apply")

    at("2025-03-03 10:00")
    portal.texts["status link of 20001_1"] = portal.sign_up(
        query="?account_id=20001&company_id=1&account_name=Nordlicht+Gruppe"
        "&company_name=Nordlicht+Service&cluster=eu",
        language="de",
        company="Nordlicht Aufzüge",
        name="Nora Nordlicht",
        email="nora@example.com",
        phone="+44 20 7946 0000",
    )
    north = pending_id(portal.texts["status link of 20001_1"])
    at("2025-03-03 10:10")
    # The first session has ended: it was idle for more than 30 minutes.
    anna = portal.staff("Anna Approver", "approver")
    anna.decide(north, "note", text="Called: the contract is signed.\nStarts in March.")
    at("2025-03-03 10:20")
    # A test sends the same decision again.
    page = f"/staff/tenants/{north}"
    decision = form_fields(anna.get(page), f"{page}/activate") | {
        "valid_from": "2025-03-03",
        "valid_to": "2025-12-31",
        "client_id": "made-up-client-20001",
        "client_secret": made_up_secret("20001_1"),
    }
    answer = anna.post(f"{page}/activate", decision)
    assert answer.status_code == 303, answer.status
    del decision["csrf_token"]
    portal.texts["activation of 20001_1"] = json.dumps(decision)
    at("2025-03-03 10:30")
    portal.command("sealing", "rotate")
    at("2025-03-03 10:40")
    south = pending_id(
        portal.sign_up(company="Südwind Service", name="Sami Süd", email="sami@example.com")
    )
    at("2025-03-03 10:45")
    anna.decide(
        south,
        "activate",
        account_id="20002",
        company_id="1",
        cluster="eu",
        valid_from="2025-03-03",
        valid_to="2026-03-02",
        client_id="made-up-client-20002",
        client_secret=made_up_secret("20002_1"),
    )
    at("2025-03-03 10:50")
    anna.decide("20002_1", "suspend", reason="unpaid")
    at("2025-04-15 03:00")
    portal.command("erase-closed", "--older-than", "30")


def spring(portal: Portal) -> None:
    """A rejection, a withdrawal, and changes of an active tenant."""
    at = portal.clock.set
    at("2025-05-05 09:00")
    anna = portal.staff("Anna Approver", "approver")
    rejected = portal.sign_up(company="Refused SA", name="Rémi Refusé", email="remi@example.com")
    portal.texts["status link of the rejected"] = rejected
    at("2025-05-05 09:10")
    anna.decide(
        pending_id(rejected),
        "reject",
        reason="details_missing",
        message="Please tell us which account is yours.",
    )
    at("2025-05-05 09:20")
    withdrawn = portal.sign_up(company="Second Thoughts BV", name="Wil W", email="wil@example.com")
    at("2025-05-05 09:30")
    answer = portal.browser().send(f"{withdrawn}/withdraw", f"{withdrawn}/withdraw")
    assert answer.status_code == 303, answer.status
    at("2025-05-06 09:00")
    anna = portal.staff("Anna Approver", "approver")
    anna.decide("20001_1", "contact", name="Nele Nordlicht", phone="+49 30 901820 ext. 7")
    at("2025-05-06 09:10")
    anna.decide("20001_1", "validity", valid_to="2026-12-31")
    at("2025-05-06 09:20")
    anna.decide("20001_1", "note", text="Renewed on the phone.")


def tokens_of_programs(portal: Portal) -> None:
    """Two API tokens, of which one is revoked and the other one makes three calls; and a member of
    staff who is disabled."""
    at = portal.clock.set
    at("2025-05-20 09:50")
    portal.staff("Max Former", "viewer")
    portal.command("staff-disable", "max@staff.example.com")
    at("2025-05-20 10:00")
    old = portal.command("token", "create", "old script", "--scope", "imports:write").split()[-1]
    at("2025-05-20 10:10")
    output = portal.command(
        "token", "create", "nightly script", "--scope", "imports:write", "--days", "400",
        "--per-hour", "120",
    )  # fmt: skip
    token = portal.texts["API token"] = output.split()[-1]
    at("2025-05-20 10:20")
    portal.command("token", "revoke", old.partition(".")[0])
    at("2025-05-20 10:30")
    program = portal.app.test_client()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = lines(record_60001(), record("60001_2", "Bad Address", contactEmailAddress="x"))
    for query in ("?dryRun=true", "", "?policy=newer-wins"):
        answer = program.post(f"/api/imports{query}", data=body.encode(), headers=headers)
        assert answer.status_code == 200, answer.status


def imports(portal: Portal) -> None:
    """An import with a conflict that arises between plan and apply; others that are stopped,
    discarded, half applied, planned, and interrupted while the plan was saved."""
    at = portal.clock.set
    at("2025-05-28 09:00")
    ada, anna = portal.staff("Ada Admin", "admin"), portal.staff("Anna Approver", "approver")
    text = dump(
        record("70001_1", "Late Lifts", contactPhone="ask at the desk"),
        record("70001_2", "Overtaken GmbH"),
        record("70001_3", "Left Out & Co", isActive=None, colour="red"),
        record_60001(cluster="us", updatedAt="2025-05-27T08:00:00.000Z"),
        record_50001(),
        record("70001_4", "@Nobody", contactEmailAddress="nobody", validTo="31.12.2026"),
        theme="dark",
        language="de",
        fsm_tenant_70001_5="[object Object]",
    )
    late = ada.plan_import(text, policy="newer-wins")
    at("2025-05-28 09:10")
    overtaken = pending_id(
        portal.sign_up(company="Overtaken GmbH", name="Olga O", email="olga@example.com")
    )
    at("2025-05-28 09:15")
    anna.decide(
        overtaken,
        "activate",
        account_id="70001",
        company_id="2",
        cluster="eu",
        valid_from="2025-06-01",
        valid_to="2026-05-31",
    )
    at("2025-05-28 09:20")
    ada.press(late, "apply")
    at("2025-05-28 09:30")
    anna.decide("70001_1", "validity", valid_to="2026-06-30")

    at("2025-05-29 09:00")
    ada = portal.staff("Ada Admin", "admin")
    companies = ("Stopped One", "Stopped Two", "Stopped Three")
    records = [record(f"71001_{number}", company) for number, company in enumerate(companies, 1)]
    stopped = ada.plan_import(dump(*records))
    at("2025-05-29 09:10")
    with portal.limited_step(1):
        ada.press(stopped, "apply")
    at("2025-05-29 09:15")
    if portal.interrupted:
        # Without limited steps it is done already.
        ada.press(stopped, "discard")
    at("2025-05-29 09:20")
    discarded = ada.plan_import(dump(record("72001_1", "Thrown Away")))
    at("2025-05-29 09:30")
    ada.press(discarded, "discard")

    at("2025-05-30 09:00")
    ada = portal.staff("Ada Admin", "admin")
    half = ada.plan_import(dump(*records_of_half()), policy="newer-wins")
    at("2025-05-30 09:10")
    with portal.limited_step(2):
        ada.press(half, "apply")

    at("2025-06-01 09:00")
    ada = portal.staff("Ada Admin", "admin")
    planned = ada.plan_import(lines(*records_of_plan()), policy="overwrite", allow_status="1")
    at("2025-06-01 09:10")
    if portal.interrupted:
        with suppress(KeyboardInterrupt), portal.interrupted():
            ada.plan_import(dump(record("75001_1", "Broken Off")))
    for name, plan in (("late", late), ("half", half), ("planned", planned)):
        portal.texts[f"import {name}"] = plan
    portal.texts["import stopped"], portal.texts["import discarded"] = stopped, discarded


def last_day(portal: Portal) -> None:
    """Pending sign-ups, one of them set aside, and the texts that people keep."""
    at = portal.clock.set
    at(f"{LAST_DAY} 09:00")
    waiting = portal.texts["status link of the waiting"] = portal.sign_up(
        query="?account_id=86810&company_id=104348&account_name=Meyer+Group"
        "&company_name=Meyer+Field+Service&cluster=eu",
        language="de-DE",
        company="Meyer Elevators",
        name="Kim Meyer",
        email="Kim.Meyer@example.com",
        phone="030 / 90 18 20 ext. 12",
    )
    at(f"{LAST_DAY} 09:05")
    customer = portal.browser("de-DE")
    answer = customer.send(f"{waiting}/change", f"{waiting}/change", name="Kim van Meyer")
    assert answer.status_code == 303, answer.status
    at(f"{LAST_DAY} 09:10")
    portal.sign_up(company="Second In Line", name="Sue Second", email="sue@example.com")
    at(f"{LAST_DAY} 09:20")
    portal.sign_up(
        company="Cheap Offers", name="Robo", email="robo@example.com", website="https://example.com"
    )
    at(f"{LAST_DAY} 09:40")
    anna = portal.staff("Anna Approver", "approver")
    decided = pending_id(
        portal.sign_up(company="Decided Ltd", name="Dee Decided", email="dee@example.com")
    )
    anna.decide(decided, "reject", reason="duplicate")
    at(f"{LAST_DAY} 09:45")
    anna.decide("90002_1", "suspend", reason="contract_ended")
    anna.decide("90002_1", "reinstate")
    at(f"{LAST_DAY} 09:50")
    portal.texts["form token"] = form_fields(portal.browser().get("/sign-up"), "/sign-up")[
        "form_token"
    ]
    page = anna.get("/staff/tenants?status=pending")
    portal.texts["session"] = anna.client.get_cookie("portal").value
    portal.texts["CSRF token"] = form_fields(page, "/staff/sign-out")["csrf_token"]
    at(f"{LAST_DAY} 09:55")
    portal.texts["sign-in link"] = portal.staff_link("Ben Viewer", "viewer")
