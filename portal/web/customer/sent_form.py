"""A sign-up form that was filled in and sent: the request that is made of it, or why it is not.

The form of the portal's own page and the one in the frame of the shell are sent here alike, so the
same limits, the same trap and the same proof of work hold for both.
"""

import logging
from datetime import timedelta

from flask import request

from portal import onboarding
from portal.onboarding import SignUpLimitError
from portal.proof_of_work import Proof
from portal.tenants import Contact, Ids, ShellProof, Tenant
from portal.web.http import (
    FormToken,
    client_network,
    now,
    services,
    settings,
    status_hash,
    store,
    too_many_requests_text,
)
from portal.web.i18n import locale_name

logger = logging.getLogger(__name__)


def submit_form(
    contact: Contact,
    claims: Ids | None,
    token: FormToken,
    proof: Proof | None,
    *,
    shell_proof: ShellProof | None = None,
) -> Tenant:
    """The request of this form. If it was sent before, the request of the first time.

    Args:
        proof: The proof of work.
        shell_proof: What the shell has proved of the `claims`.

    Raises:
        ProofNeededError: More sign-ups come than usual, and the form has no proof of work.
        SpentProofError: Its proof of work was used before.
        SignUpLimitError: A limit is reached.
        StoreError: The store does not answer.
    """
    sent = request.form
    # Robots fill in every field, the honeypot too, and within a second. They get the same answer
    # as people. Only the honeypot sets a sign-up aside: a person may be fast.
    too_soon = now() - token.shown_at < timedelta(seconds=settings().sign_up_min_seconds)
    return onboarding.submit(
        store(),
        reference=token.reference,
        contact=contact,
        claims=claims,
        status_link=status_hash(token.status_secret),
        now=now(),
        locale=locale_name(),
        set_aside=bool(sent.get("website")),
        too_fast=too_soon,
        limits=services().limits.sign_ups,
        network=client_network(),
        proof=proof,
        ask_for_proof="unproved" not in sent,
        proof_mails=services().limits.proof_mails,
        waits_for_address=settings().confirm_address,
        shell_proof=shell_proof,
    )


def limit_problem(error: SignUpLimitError) -> tuple[str, int]:
    """What the form says, and the seconds until it may be sent again."""
    seconds = error.seconds_left(now())
    return too_many_requests_text(seconds), seconds


def new_form_token(*, carry_on: bool = False) -> str:
    """A form token. `carry_on`: as old as it must be, since an older one came before it."""
    age = timedelta(seconds=settings().sign_up_min_seconds if carry_on else 0)
    return services().links.new_form_token(now() - age)
