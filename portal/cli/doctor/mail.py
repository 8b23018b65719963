"""What `portal doctor` checks of mail."""

from collections.abc import Iterator, Sequence

from portal.cli.doctor.findings import Finding
from portal.settings import Settings, SettingsError
from portal.timestamps import utc_now


def check_mail(settings: Settings, keys: Sequence[str], mail_to: str) -> Iterator[Finding]:
    """Whether mail can leave. `mail_to`: if given, one is sent to this address."""
    from portal.mail import (  # noqa: PLC0415 - takes 0.1 s
        PROBLEM_SENTENCES,
        REMEDIES,
        MailError,
        is_writable,
        open_signer,
        send_trial,
        sender_of,
    )

    sender, is_ignored = sender_of(settings)
    if is_ignored:
        yield Finding(
            "sender of mail",
            f"PORTAL_MAIL_FROM cannot be used, so mail comes from {sender.address}.",
            "Set it to an address like service@example.com, or Customer service"
            " <service@example.com>.",
        )
    try:
        signer = open_signer(settings)
    except SettingsError as error:
        yield Finding("signature of mail (DKIM)", f"{error.name} cannot be used.", str(error))
        return
    if signer:
        yield Finding(
            f"signature of mail (DKIM), if DNS has at {signer.record_name} the TXT record"
            f" {signer.record}"
        )
        ours, theirs = f".{sender.domain}", f".{signer.domain}"
        if not ours.endswith(theirs) and not theirs.endswith(ours):
            yield Finding(
                "domain of the signature",
                hint=f"{signer.domain} signs, but mail comes from {sender.address}: receivers that"
                " check DMARC do not count the signature.",
                remedy="Set PORTAL_MAIL_DKIM_DOMAIN to the domain of the sender or one above it.",
            )
    server = settings.mail_server
    if server.way == "file" and settings.confirm_address:
        yield Finding(
            "proof of addresses",
            hint="PORTAL_CONFIRM_ADDRESS is set, but no mail leaves: nobody gets the link that"
            " proves an address, so each sign-up waits out of the queue.",
            remedy="Set PORTAL_MAIL_URL, or remove PORTAL_CONFIRM_ADDRESS.",
        )
    if server.way == "file" and not is_writable(settings.data_dir):
        yield Finding("mail", "The folder for mails cannot be written.", "Let the portal write it.")
        return
    where = {
        "file": "mail: no mail server is set up, so mails are written into files",
        "ses": "mail by Amazon SES",
        "smtp": f"mail by {server.host}:{server.port}",
    }[server.way]
    if not mail_to:
        yield Finding(where)
        if server.way != "file":
            yield Finding(
                f"{where}: whether it takes a mail", not_tried="Give an address with --mail."
            )
        return
    try:
        send_trial(settings, keys, mail_to, utc_now())
    except MailError as error:
        detail = f" ({error.detail})" if error.detail else ""
        yield Finding(where, f"{PROBLEM_SENTENCES[error.problem]}{detail}", REMEDIES[error.problem])
    else:
        yield Finding(f"{where}: a mail from {sender.address} was sent")
