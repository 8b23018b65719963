"""What `adopt` prints for people."""

from collections.abc import Callable, Mapping

import click

from migrations_tools.backfill.answers import AnswerOutcome
from migrations_tools.backfill.backfill import BackfillReport
from migrations_tools.backfill.rows import SkipReason
from migrations_tools.options import MAX_LISTED, comma_separated, printable
from portal.tenants import ActiveFlag, Gap

_SKIPPED = {
    SkipReason.TOO_LARGE: "Skipped, because a key would be too long for DynamoDB or the row too"
    " large. Shorten their values",
    SkipReason.TOO_LONG_TO_SEAL: "Skipped, because KMS seals at most 4,096 bytes and their client"
    " secret is longer. Set another secret in the portal",
}

#: What rows lack, and what staff or the operator can do about it.
_LACKING = {
    Gap.END: "No end of the validity, so access is refused (WINDOW_MISSING). Set the validity on"
    " their pages, or --keep them, so that they never end",
    Gap.CONTACT: "No company, name or email address. Change the contact on their pages",
    Gap.IDS: "No account id or company id. Save the contact on their pages anew, which adds those"
    " of the tenant id, or import them with their ids",
    Gap.TENANT_ID: "A tenant id that is not <accountId>_<companyId> of their own ids, under which"
    " the application never finds them. Import them under the right ids, and --close them here",
    Gap.CLUSTER: "A cluster that is no host label, which is never answered. Import them with the"
    " right cluster",
    Gap.ATTRIBUTES: "Attributes that cannot be read, as listed above. Enter them anew on their"
    " pages",
}

#: What became of an answer; what would become of it in a dry run.
_HEEDED = {
    AnswerOutcome.KEPT: ("Kept as they are", "To keep as they are"),
    AnswerOutcome.CLOSED: ("Closed: suspended, without access", "To close: access would end"),
    AnswerOutcome.ALREADY: ("Answered so already", "Answered so already"),
}
_NOT_HEEDED = {
    AnswerOutcome.ANSWERED: "Not changed, because an earlier run got the other answer for them."
    " Suspend them, reinstate them or set their validity on their pages",
    AnswerOutcome.COMPLETE: "Not changed, because they lack nothing",
    AnswerOutcome.UNKNOWN: "Not changed, because no tenant has these ids",
    AnswerOutcome.CHANGED: "Not changed, because others changed them at this moment. Look at what"
    " they lack now, and answer again",
    AnswerOutcome.TOO_LARGE: "Not changed, because the row would be too large for DynamoDB. Shorten"
    " their values",
}


#: What `isActive` of a row means that is neither true nor false.
_ACTIVE: Mapping[ActiveFlag, Callable[[bool], str]] = {
    ActiveFlag.TRUE_TEXT: lambda apply: (
        "isActive is the text true, which means active, and"
        f" {'was' if apply else 'would be'} written as true"
    ),
    ActiveFlag.FALSE_TEXT: lambda apply: (
        "isActive is the text false, which means suspended, and"
        f" {'was' if apply else 'would be'} written as false"
    ),
    ActiveFlag.NULL: lambda _apply: "isActive is null, so they are suspended",
    ActiveFlag.MISSING: lambda _apply: "isActive is missing, so they are suspended",
    ActiveFlag.UNREADABLE: lambda _apply: (
        "isActive is neither true nor false, so they have no access. Reinstate or suspend them on"
        " their pages"
    ),
}


def print_report(report: BackfillReport, store: str, apply: bool) -> None:
    click.echo(f"{store}: {report.rows:,} rows, {report.tenants:,} of them tenants.")
    click.echo(f"Already complete: {report.right:,}.")
    if apply:
        click.echo(f"Index keys added: {report.listed:,}. Secrets sealed: {report.sealed:,}.")
    else:
        click.echo(f"Index keys to add: {report.listed:,}. Secrets to seal: {report.sealed:,}.")
        if report.listed or report.sealed or report.answers:
            click.echo("Nothing was changed. Run the command with --apply to write the changes.")
    if report.changed_meanwhile:
        click.echo(
            f"Changed by others at the same time, and retried: {report.changed_meanwhile:,}."
        )
    _print_answers(report, apply)
    if report.failed:
        click.echo(
            "Others kept changing these rows. Run the command again for them:"
            f" {comma_separated(report.failed)}.",
            err=True,
        )
    _print_active(report, apply)
    if report.unusable:
        click.echo(
            "These attributes have a type that the portal cannot use. It leaves them as they are"
            " until somebody enters the value anew:",
            err=True,
        )
        for tenant_id, names in sorted(report.unusable.items())[:MAX_LISTED]:
            click.echo(f"  {printable(tenant_id)}: {', '.join(names)}", err=True)
        if len(report.unusable) > MAX_LISTED:
            click.echo(f"  and {len(report.unusable) - MAX_LISTED:,} more.", err=True)
    for reason, sentence in _SKIPPED.items():
        ids = [tenant_id for tenant_id, why in report.unchangeable.items() if why == reason]
        if ids:
            click.echo(f"{sentence}: {comma_separated(ids)}.", err=True)
    if report.incomplete:
        _print_incomplete(report)


def _print_answers(report: BackfillReport, apply: bool) -> None:
    def ids_with(outcome: AnswerOutcome) -> list[str]:
        return [row_id for row_id, each in report.answers.items() if each is outcome]

    for outcome, (done, planned) in _HEEDED.items():
        if ids := ids_with(outcome):
            click.echo(f"{done if apply else planned}: {comma_separated(ids)}.")
    for outcome, sentence in _NOT_HEEDED.items():
        if ids := ids_with(outcome):
            click.echo(f"{sentence}: {comma_separated(ids)}.", err=True)


def _print_active(report: BackfillReport, apply: bool) -> None:
    for flag, sentence in _ACTIVE.items():
        found = {row_id: shown for row_id, (word, shown) in report.active.items() if word == flag}
        if not found:
            continue
        what = sentence(apply)
        names_value = flag is ActiveFlag.UNREADABLE
        ids = [f"{row_id} ({found[row_id]})" if names_value else row_id for row_id in sorted(found)]
        click.echo(f"{what}: {comma_separated(ids)}.", err=True)


def _print_incomplete(report: BackfillReport) -> None:
    click.echo(
        f"Incomplete: {len(report.incomplete):,}. They stay as they are until you answer with"
        " --keep ID (it is right as it is) or --close ID (end its access), both repeatable, or"
        " until staff complete them:"
    )
    for gap, sentence in _LACKING.items():
        if ids := sorted(row_id for row_id, gaps in report.incomplete.items() if gap in gaps):
            click.echo(f"  {sentence}: {comma_separated(ids)}.")
    if len(report.incomplete) > MAX_LISTED:
        click.echo("All of them are in --json.")
