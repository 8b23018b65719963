"""Writes all tenants as JSON Lines, which `import` reads again."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import click

from migrations_tools.imports.plain_files import escape_unprintable, file_errors, open_output
from migrations_tools.imports.signals import interruptible
from migrations_tools.imports.standard_output import (
    OutputError,
    flushed_output,
    os_error_text,
    write_output,
)
from portal.cli import command_errors, read_settings
from portal.imports import export_tenant, printable_excerpt, reimport_problem
from portal.stores import RetryingStore, Store, iter_scan, open_store


@dataclass
class ExportReport:
    """What was written.

    Attributes:
        tenants: How many tenants were written.
        left_out: How many sign-ups have no final id and were left out.
        problems: Which tenants could not be imported again as they are, and why.
    """

    tenants: int = 0
    left_out: int = 0
    problems: list[str] = field(default_factory=list)


def run_export(out: str | None) -> ExportReport:
    """Export the store that the settings name.

    Args:
        out: The name of the file to write; `None` means standard output.

    Raises:
        click.ClickException: The store or the output failed (exit status 1).
        SystemExit: The file cannot be used (exit status 2).
    """
    settings = read_settings()
    next_step = "Nothing was changed. Run the command again."
    with interruptible(), command_errors(next_step), file_errors():
        store = RetryingStore(open_store(settings))
        try:
            if out is None:
                with flushed_output():
                    return _export_tenants(store, write_output, settings.import_depth)
            with open_output(out, data_dir=settings.data_dir) as file:
                report = _export_tenants(store, file.write, settings.import_depth)
                file.publish()
                return report
        except OSError as error:
            raise _output_failed(os_error_text(error)) from error
        except OutputError as error:
            raise _output_failed(str(error)) from error
        finally:
            store.close()


def _output_failed(reason: str) -> click.ClickException:
    return click.ClickException(
        f"The export could not be written ({reason}). Correct this, and run the command again."
    )


def _export_tenants(store: Store, write: Callable[[str], object], depth: int) -> ExportReport:
    """Write one line for each tenant. `depth` is the limit of nesting in an imported file."""
    report = ExportReport()
    for item in iter_scan(store):
        tenant = export_tenant(item)
        if tenant is None:
            is_sign_up = str(item["tenantId"]).startswith("pending-") and "status" in item
            report.left_out += is_sign_up
            continue
        problem = reimport_problem(tenant, depth)
        if problem:
            tenant_id = printable_excerpt(tenant["tenantId"])
            report.problems.append(f"{tenant_id}: {escape_unprintable(problem)}")
        write(json.dumps(tenant, ensure_ascii=False) + "\n")
        report.tenants += 1
    return report
