"""Settings of the section "Sign-up" in `docs/operating.md`."""

from portal.setting_list.setting import Setting

SIGN_UP = (
    Setting(
        "PORTAL_SIGN_UP_MIN_SECONDS",
        "3",
        "A sign-up form that is sent fewer seconds after it was shown has a mark in the queue.",
    ),
    Setting(
        "PORTAL_SIGN_UPS_PER_HOUR",
        "5",
        "How many sign-ups one network (an IPv4 address, or an IPv6 `/64`) may send in an hour;"
        " four times as many in a day. `0` turns off all limits on sign-ups, sign-in links,"
        " unknown tenants and wrong API tokens.",
    ),
    Setting(
        "PORTAL_STATUS_LINK_DAYS",
        "730",
        "How many days a customer's link opens the status page.",
    ),
)
