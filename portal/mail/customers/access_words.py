"""What mails say about an access: until when it can be used, or that it is suspended."""

from portal.mail.customers.facts import Facts
from portal.mail.messages import Words


def suspension(facts: Facts, _: Words) -> tuple[str, ...]:
    return (
        _(
            "The access of %(company)s to the Appointment Manager is suspended. Nobody can use"
            " it at the moment.",
            company=facts.company,
        ),
        _("Please ask the person who looks after your account."),
    )


def validity(facts: Facts, _: Words) -> list[str]:
    """From when until when, in words, and what to do next."""
    zone, window = facts.zone, facts.tenant.validity
    first, last = window.valid_from, window.valid_to
    last_day = _.day_in_zone(last, zone) if last else ""
    if last and last < facts.now:
        return [
            _(
                "Its validity ended on %(day)s. Ask for access again to renew it.",
                day=last_day,
            )
        ]
    ready = _("Open the Appointment Manager in Field Service Management to use it.")
    if first and first > facts.now:
        if not last:
            first_day = _.day_in_zone(first, zone)
            return [_("You can use it from %(first)s on.", first=first_day), ready]
        return [
            _(
                "You can use it from %(first)s through %(last)s; both days count.",
                first=_.day(first, zone),
                last=last_day,
            ),
            ready,
        ]
    if not last:
        return [ready]
    return [
        _(
            "You can use it now, through %(last)s; that day still counts.",
            last=last_day,
        ),
        ready,
    ]
