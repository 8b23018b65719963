"""The steps of a request on its status page: what was done, what is still to come, how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portal.tenants import AccessStatus, Status, Tenant, Verb
from portal.web.http import now, settings
from portal.web.i18n import _, dates


class StepState(StrEnum):
    """Its value is a class of the style sheet."""

    DONE = "done"
    OPEN = "open"
    #: Nothing to be glad of: it gets no tick, and is not called done.
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    label: str
    state: StepState
    when: str = ""


def steps_of(tenant: Tenant, access: AccessStatus, signed_up_at: datetime | None) -> Sequence[Step]:
    """What was done and what is still to come. After a refusal or a withdrawal nothing is."""
    zone = settings().time_zone
    renews = bool(tenant.renews)
    signed_up = Step(
        label=_("You asked to renew") if renews else _("You asked for access"),
        state=StepState.DONE,
        when=dates.moment(signed_up_at, zone),
    )
    is_pending = tenant.status is Status.PENDING
    checked = Step(
        label=_("We check your request") if renews else _("We check your details"),
        state=StepState.OPEN if is_pending else StepState.DONE,
    )
    match tenant.status:
        case Status.WITHDRAWN:
            label = _("You withdrew your request")
            return [signed_up, _ended(label, _decided_on(tenant, Verb.WITHDRAW))]
        case Status.REJECTED:
            label = _("Your request was not approved")
            return [signed_up, checked, _ended(label, _decided_on(tenant, Verb.REJECT))]
        case Status.SUSPENDED:
            label = _("Your access is suspended")
            suspended = _ended(label, _decided_on(tenant, Verb.SUSPEND))
            return [signed_up, checked, *_begun(tenant), suspended]
        case _ if access is AccessStatus.EXPIRED:
            last_day = dates.day_in_zone(tenant.validity.valid_to, zone)
            return [
                signed_up, checked, *_begun(tenant), _ended(_("Your access has ended"), last_day),
            ]  # fmt: skip
        case _ if is_pending and renews:
            return [
                signed_up, checked, Step(label=_("Your access is renewed"), state=StepState.OPEN),
            ]  # fmt: skip
        case _:
            is_ready = access in (AccessStatus.VALID, AccessStatus.EXPIRING)
            ready = Step(
                label=_("Your access is ready"),
                state=StepState.DONE if is_ready else StepState.OPEN,
                when=dates.day_in_zone(tenant.validity.valid_from, zone),
            )
            return [signed_up, checked, ready]


def _ended(label: str, day: str) -> Step:
    return Step(label=label, state=StepState.ENDED, when=day)


def _decided_on(tenant: Tenant, verb: Verb) -> str:
    """The day of this verb, if it was the latest one: a later one hides it."""
    decision = tenant.decision
    is_latest = decision is not None and decision.verb is verb
    return dates.day_in_zone(decision.at, settings().time_zone) if decision and is_latest else ""


def _begun(tenant: Tenant) -> list[Step]:
    """The step of an access that is over. None if it never began."""
    start = tenant.validity.valid_from
    if start is None or start > now():
        return []
    begun = dates.day_in_zone(start, settings().time_zone)
    return [Step(label=_("Your access began"), state=StepState.DONE, when=begun)]
