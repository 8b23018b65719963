"""Who may import whom: house.md's rules, each under its own name."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FLASK = {"flask", "flask_babel", "flask_wtf", "htmx_flask", "jinja2", "werkzeug", "wtforms"}
AWS = {"boto3", "botocore"}


@dataclass(frozen=True)
class Import:
    """`module` is what is imported, a name from a package as `package.name`."""

    importer: str
    module: str
    when: str  # "loaded", "called", or "never" (for types alone)

    def __str__(self) -> str:
        return f"{self.importer} imports {self.module}"

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]


def imports_of(source: str, importer: str, *, is_package: bool = False) -> Iterator[Import]:
    """Every import of a module's source text, wherever it stands."""
    package = importer if is_package else importer.rpartition(".")[0]

    def walk(node: ast.AST, when: str) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            inside = when
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                inside = "called" if when == "loaded" else when
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                inside = "never"
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(importer, alias.name, when)
            if isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    above = package.split(".")[: len(package.split(".")) - child.level + 1]
                    base = ".".join([*above, *([base] if base else [])])
                for alias in child.names:
                    yield Import(importer, f"{base}.{alias.name}", when)
            yield from walk(child, inside)

    yield from walk(ast.parse(source), "loaded")


def imports_below(folder: str) -> list[Import]:
    found: list[Import] = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found += imports_of(path.read_text(encoding="utf-8"), name, is_package=is_package)
    return found


PORTAL = imports_below("portal")
TOOLS = imports_below("migrations_tools")


def within(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def test_the_rules_import_only_the_standard_library() -> None:
    found = [one for one in PORTAL if within(one.importer, "portal.tenants")]
    assert found
    others = [one for one in found if not within(one.module, "portal.tenants")]
    assert [str(one) for one in others if one.top not in sys.stdlib_module_names] == []


def test_nothing_under_portal_imports_migrations_tools() -> None:
    assert [str(one) for one in PORTAL if one.top == "migrations_tools"] == []


def test_nothing_imports_the_tests() -> None:
    assert [str(one) for one in PORTAL + TOOLS if one.top == "tests"] == []


def test_only_web_imports_flask_and_create_app_makes_one() -> None:
    assert [
        str(one)
        for one in PORTAL
        if one.top in FLASK
        and not within(one.importer, "portal.web")
        # The templates of mails are rendered without a request.
        and not (one.importer == "portal.mail.messages.message" and one.top == "jinja2")
        and not (one.importer == "portal" and one.module == "flask.Flask")
    ] == []


def test_only_web_htmx_imports_htmx_flask() -> None:
    found = [one for one in PORTAL if one.top == "htmx_flask"]
    assert [str(one) for one in found if one.importer != "portal.web.http.htmx"] == []


def test_nothing_but_the_web_and_create_app_imports_the_web() -> None:
    found = [one for one in PORTAL if within(one.module, "portal.web")]
    assert [str(one) for one in found if not within(one.importer, "portal.web")] == [
        str(one) for one in found if one.importer == "portal"
    ]


def test_only_what_talks_to_aws_imports_boto3_and_only_when_it_is_used() -> None:
    may = (
        "portal.stores.aws", "portal.stores.dynamodb.client", "portal.sealing", "portal.mail",
        "migrations_tools",
    )  # fmt: skip
    # These build on classes of botocore. They are imported only where they are used.
    loading = (
        "portal.stores.aws.answer_parser", "portal.stores.aws.connections",
        "portal.stores.aws.credentials", "portal.stores.aws.direct_requests",
    )  # fmt: skip
    found = [one for one in PORTAL + TOOLS if one.top in AWS]
    assert [str(one) for one in found if not within(one.importer, *may)] == []
    loaded = [one for one in found if one.when == "loaded"]
    assert [str(one) for one in loaded if not within(one.importer, *loading)] == []
    users = [one for one in PORTAL + TOOLS if within(one.module, *loading)]
    assert users
    assert [str(one) for one in users if one.when == "loaded"] == []


def test_the_optional_library_for_prometheus_is_imported_only_when_it_is_used() -> None:
    module = "portal.metrics.prometheus_output"
    assert {
        (one.importer, one.when) for one in PORTAL + TOOLS if one.top == "prometheus_client"
    } == {(module, "loaded"), ("portal.metrics.shared_folder", "called")}
    users = [one for one in PORTAL + TOOLS if within(one.module, module)]
    assert users
    assert [str(one) for one in users if one.when == "loaded"] == []


def test_the_optional_libraries_for_traces_are_loaded_only_if_traces_are_asked_for() -> None:
    module = "portal.tracing.otel"
    assert {one.importer for one in PORTAL + TOOLS if one.top == "opentelemetry"} == {module}
    users = [one for one in PORTAL + TOOLS if within(one.module, module)]
    assert {(one.importer, one.when) for one in users} == {("portal.tracing.opening", "called")}


def test_the_optional_library_for_dkim_is_imported_only_when_it_is_used() -> None:
    found = [one for one in PORTAL + TOOLS if one.top == "dkim"]
    assert {(one.importer, one.when) for one in found} == {
        ("portal.mail.messages.dkim_signer", "called")
    }


def test_the_optional_library_for_openid_connect_is_loaded_only_if_a_provider_is_set() -> None:
    users = {one.importer for one in PORTAL + TOOLS if one.top == "authlib"}
    users |= {"portal.oidc.provider_data"}
    assert users == {
        f"portal.oidc.{name}" for name in ("connections", "id_token", "provider", "provider_data")
    }
    outside = [
        (one.importer, one.when)
        for one in PORTAL + TOOLS
        if within(one.module, *users) and one.importer not in users
    ]
    assert set(outside) == {("portal.oidc", "called"), ("portal.oidc", "never")}


def test_the_library_for_signatures_of_tokens_is_loaded_only_where_there_are_any() -> None:
    users = {one.importer for one in PORTAL + TOOLS if one.top == "joserfc"}
    assert users == {
        "portal.fsm.cluster_keys", "portal.fsm.shell_token", "portal.oidc.id_token",
        "portal.oidc.provider", "portal.oidc.provider_data",
    }  # fmt: skip
    loaders = [*sorted(users), "portal.fsm.shell_proofs"]
    outside = {
        (one.importer, one.when)
        for one in PORTAL + TOOLS
        if within(one.module, *loaders) and one.importer not in loaders
        if within(one.importer, "portal.fsm")
    }
    assert outside == {("portal.fsm", "called"), ("portal.fsm", "never")}


def test_the_optional_libraries_for_profiles_are_imported_only_when_they_are_used() -> None:
    found = [one for one in PORTAL + TOOLS if one.top in ("cramjam", "plyvel")]
    room = "portal.imports.browsers"
    assert {(one.importer, one.module, one.when) for one in found} == {
        (f"{room}.firefox", "cramjam", "called"),
        (f"{room}.leveldb_child", "plyvel", "called"),
    }


# ---- Rooms, doors and arrows

#: Each room, and the rooms whose doors it may use. Arrows run downhill only.
ARROWS: dict[str, set[str]] = {
    "portal.atomic_files": set(),
    "portal.bounded_answers": set(),
    "portal.folders": set(),
    "portal.delivery_errors": set(),
    "portal.status_links": set(),
    "portal.random_texts": set(),
    "portal.contact_fields": {"portal.translations"},
    "portal.contact_readers": {
        "portal.contact_fields", "portal.phone_numbers", "portal.plain_contacts",
    },
    "portal.phone_numbers": set(),
    "portal.plain_contacts": set(),
    "portal.mixed_scripts": set(),
    "portal.proof_of_work": set(),
    "portal.refusal_links": {"portal.tenants"},
    "portal.address_proofs": {"portal.timestamps"},
    "portal.reminder_links": {"portal.address_proofs"},
    "portal.translations": set(),
    "portal.unix_sockets": set(),
    "portal.day_texts": set(),
    "portal.incomplete_count": {"portal.atomic_files", "portal.timestamps"},
    "portal.lambda_http": {"portal", "portal.logs", "portal.settings", "portal.stores"},
    "portal.logs": set(),
    "portal.timestamps": set(),
    "portal.metrics_setting": {"portal.setting_parsers"},
    "portal.setting_list": set(),
    "portal.credential_files": {"portal.setting_list", "portal.setting_parsers"},
    "portal.setting_parsers": set(),
    "portal.mail_server_setting": {"portal.setting_parsers"},
    "portal.oidc_setting": {"portal.setting_parsers"},
    "portal.fsm_setting": {"portal.setting_parsers"},
    "portal.settings": {
        "portal.credential_files", "portal.fsm_setting", "portal.mail_server_setting",
        "portal.metrics_setting", "portal.oidc_setting", "portal.setting_list",
        "portal.setting_parsers",
    },
    "portal.signing_keys": {
        "portal.atomic_files", "portal.folders", "portal.setting_parsers", "portal.settings",
    },
    "portal.serving": {
        "portal.logs", "portal.serving.processes", "portal.serving.requests",
        "portal.unix_sockets",
    },
    "portal.serving.processes": {"portal.serving"},
    "portal.serving.requests": {"portal.logs", "portal.serving"},
    "portal.tracing": {"portal.logs", "portal.settings", "portal.stores"},
    "portal.saved_views": {"portal.auth", "portal.stores"},
    "portal.tenants": set(),
    "portal.stores": {
        "portal.metrics", "portal.settings", "portal.stores.dynamodb", "portal.stores.file",
        "portal.stores.kept", "portal.stores.waiting",
    },
    "portal.stores.kept": {"portal.stores", "portal.stores.waiting"},
    "portal.stores.waiting": {"portal.stores"},
    "portal.stores.aws": {"portal.bounded_answers", "portal.stores.waiting"},
    "portal.stores.dynamodb": {
        "portal.metrics", "portal.stores", "portal.stores.aws", "portal.stores.waiting",
    },
    "portal.stores.file": {
        "portal.stores", "portal.stores.file.journal", "portal.stores.file.table",
        "portal.stores.waiting",
    },
    "portal.stores.file.journal": {"portal.stores", "portal.stores.file"},
    "portal.stores.file.table": {
        "portal.stores", "portal.stores.file", "portal.stores.file.journal",
    },
    "portal.records": {
        "portal.contact_fields", "portal.logs", "portal.stores", "portal.tenants",
        "portal.timestamps",
    },
    "portal.answer_diff": {
        "portal.day_texts", "portal.records", "portal.stores", "portal.tenants",
        "portal.timestamps", "portal.translations",
    },
    "portal.auth": {"portal.random_texts", "portal.stores", "portal.timestamps"},
    "portal.oidc": {
        "portal.auth", "portal.bounded_answers", "portal.contact_readers", "portal.oidc_setting",
        "portal.settings", "portal.stores", "portal.tracing",
    },
    "portal.outgoing": {"portal.bounded_answers", "portal.tracing"},
    "portal.fsm": {"portal.fsm_setting", "portal.outgoing", "portal.records", "portal.tenants"},
    "portal.sealing": {
        "portal.atomic_files", "portal.records", "portal.settings", "portal.stores",
        "portal.stores.aws", "portal.stores.dynamodb",
    },
    "portal.figures": {"portal.records", "portal.stores", "portal.tenants"},
    "portal.grace": {
        "portal.atomic_files", "portal.records", "portal.settings", "portal.stores",
        "portal.tenants", "portal.timestamps",
    },
    "portal.usage": {"portal.records", "portal.settings", "portal.stores", "portal.tenants"},
    "portal.queries": {"portal.records", "portal.stores", "portal.tenants", "portal.timestamps"},
    "portal.search": {
        "portal.queries", "portal.records", "portal.stores", "portal.tenants", "portal.timestamps",
    },
    "portal.mail": {
        "portal.address_proofs", "portal.auth", "portal.mail.customers", "portal.mail.messages",
        "portal.mail.reports", "portal.mail.staff", "portal.mail.ways", "portal.records",
        "portal.reminder_links", "portal.settings", "portal.status_links", "portal.stores",
        "portal.tenants",
    },
    "portal.mail.messages": {
        "portal.day_texts", "portal.delivery_errors", "portal.folders", "portal.records",
        "portal.settings", "portal.stores", "portal.tenants", "portal.translations",
    },
    "portal.mail.ways": {
        "portal.atomic_files", "portal.folders", "portal.mail.messages", "portal.settings",
        "portal.stores", "portal.stores.aws", "portal.stores.dynamodb",
    },
    "portal.mail.reports": {"portal.mail.messages"},
    "portal.mail.customers": {
        "portal.address_proofs", "portal.auth", "portal.mail.messages", "portal.mail.staff",
        "portal.records", "portal.settings", "portal.status_links", "portal.stores",
        "portal.tenants", "portal.translations",
    },
    "portal.mail.staff": {
        "portal.auth", "portal.day_texts", "portal.mail.messages", "portal.records",
        "portal.settings", "portal.stores", "portal.tenants", "portal.timestamps",
        "portal.translations",
    },
    "portal.outbox": {
        "portal.delivery_errors", "portal.logs", "portal.mail", "portal.records", "portal.stores",
        "portal.tenants", "portal.timestamps", "portal.tracing",
    },
    "portal.webhooks": {
        "portal.auth", "portal.delivery_errors", "portal.mail", "portal.outbox", "portal.outgoing",
        "portal.records", "portal.settings", "portal.stores", "portal.tenants", "portal.timestamps",
        "portal.tracing",
    },
    "portal.desk": {
        "portal.auth", "portal.mail", "portal.records", "portal.stores", "portal.tenants",
    },
    "portal.onboarding": {
        "portal.auth", "portal.contact_fields", "portal.desk", "portal.fsm", "portal.mail",
        "portal.outbox", "portal.proof_of_work", "portal.queries", "portal.records",
        "portal.sealing", "portal.search", "portal.stores", "portal.tenants", "portal.timestamps",
        "portal.usage",
    },
    "portal.reports": {
        "portal.auth", "portal.contact_fields", "portal.imports", "portal.queries",
        "portal.records", "portal.stores", "portal.tenants", "portal.timestamps",
    },
    "portal.imports": {
        "portal.imports.browsers", "portal.imports.jobs", "portal.imports.model",
        "portal.imports.planning", "portal.imports.reading", "portal.imports.reports",
        "portal.imports.streaming", "portal.imports.undo",
    },
    "portal.imports.model": {
        "portal.contact_fields", "portal.contact_readers", "portal.sealing", "portal.translations",
    },
    "portal.imports.reading": {
        "portal.imports.model", "portal.imports.streaming", "portal.imports.tables",
    },
    "portal.imports.browsers": {
        "portal.imports.model", "portal.imports.reading", "portal.imports.streaming",
    },
    "portal.imports.tables": {"portal.imports.model", "portal.stores", "portal.tenants"},
    "portal.imports.validation": {
        "portal.contact_fields", "portal.contact_readers", "portal.imports.model",
        "portal.imports.streaming", "portal.sealing", "portal.tenants", "portal.timestamps",
    },
    "portal.imports.planning": {
        "portal.answer_diff", "portal.contact_fields", "portal.contact_readers",
        "portal.imports.model", "portal.imports.reading", "portal.imports.streaming",
        "portal.imports.validation", "portal.records", "portal.sealing", "portal.settings",
        "portal.stores", "portal.tenants", "portal.timestamps",
    },
    "portal.imports.jobs": {
        "portal.answer_diff", "portal.imports.model", "portal.imports.planning", "portal.records",
        "portal.sealing", "portal.stores", "portal.tenants", "portal.timestamps",
    },
    "portal.imports.undo": {
        "portal.answer_diff", "portal.imports.jobs", "portal.imports.model", "portal.records",
        "portal.stores", "portal.tenants", "portal.timestamps",
    },
    "portal.imports.reports": {
        "portal.answer_diff", "portal.contact_fields", "portal.imports.jobs",
        "portal.imports.model", "portal.imports.reading", "portal.imports.validation",
        "portal.records", "portal.stores", "portal.tenants", "portal.timestamps",
    },
    "portal.imports.streaming": {
        "portal.imports.model", "portal.imports.tables", "portal.settings", "portal.stores",
    },
    "portal.web.i18n": {
        "portal.auth", "portal.contact_fields", "portal.day_texts", "portal.imports",
        "portal.queries", "portal.records", "portal.tenants", "portal.timestamps",
        "portal.translations",
    },
    "portal.compressed_files": set(),
    "portal.proxy_hops": set(),
    "portal.build_hook": set(),
    "portal.web.front": {"portal.compressed_files", "portal.settings"},
    "portal.web.http": {
        "portal.address_proofs", "portal.auth", "portal.desk", "portal.fsm", "portal.grace",
        "portal.imports", "portal.logs", "portal.metrics", "portal.oidc", "portal.onboarding",
        "portal.proof_of_work", "portal.queries", "portal.random_texts", "portal.refusal_links",
        "portal.reminder_links", "portal.sealing", "portal.settings", "portal.status_links",
        "portal.stores",
        "portal.tenants", "portal.timestamps", "portal.tracing", "portal.usage", "portal.web.front",
        "portal.web.i18n", "portal.webhooks",
    },
    "portal.web.forms": {
        "portal.contact_fields", "portal.contact_readers", "portal.phone_numbers", "portal.sealing",
        "portal.tenants", "portal.web.http", "portal.web.i18n",
    },
    "portal.web.customer": {
        "portal.address_proofs", "portal.contact_fields", "portal.contact_readers",
        "portal.onboarding", "portal.proof_of_work", "portal.records", "portal.refusal_links",
        "portal.stores", "portal.tenants", "portal.timestamps", "portal.web.forms",
        "portal.web.http", "portal.web.i18n",
    },
    "portal.web.shell": {
        "portal.contact_fields", "portal.onboarding", "portal.proof_of_work", "portal.tenants",
        "portal.web.customer", "portal.web.forms", "portal.web.http", "portal.web.i18n",
    },
    "portal.web.staff": {
        "portal.auth", "portal.mail", "portal.queries", "portal.records", "portal.stores",
        "portal.tenants", "portal.timestamps", "portal.translations", "portal.usage",
        "portal.web.http", "portal.web.i18n", "portal.web.staff.accounts", "portal.web.staff.bulk",
        "portal.web.staff.exports", "portal.web.staff.lists", "portal.web.staff.tenant",
        "portal.web.staff.webhooks", "portal.webhooks",
    },
    "portal.web.staff.webhooks": {
        "portal.auth", "portal.contact_readers", "portal.records", "portal.web.forms",
        "portal.web.http", "portal.web.i18n", "portal.webhooks",
    },
    "portal.web.staff.accounts": {
        "portal.auth", "portal.contact_readers", "portal.desk", "portal.mail", "portal.oidc",
        "portal.onboarding", "portal.queries", "portal.records", "portal.stores",
        "portal.timestamps", "portal.web.forms", "portal.web.http", "portal.web.i18n",
    },
    "portal.web.staff.exports": {
        "portal.auth", "portal.contact_readers", "portal.queries", "portal.reports",
        "portal.tenants", "portal.web.forms", "portal.web.http", "portal.web.i18n",
        "portal.web.staff.lists",
    },
    "portal.web.staff.lists": {
        "portal.auth", "portal.contact_readers", "portal.desk", "portal.onboarding",
        "portal.queries", "portal.records", "portal.saved_views", "portal.search", "portal.stores",
        "portal.tenants", "portal.timestamps", "portal.web.forms", "portal.web.http",
        "portal.web.i18n",
    },
    "portal.web.staff.tenant": {
        "portal.auth", "portal.contact_fields", "portal.contact_readers", "portal.desk",
        "portal.fsm", "portal.mail", "portal.mixed_scripts", "portal.onboarding", "portal.queries",
        "portal.records", "portal.sealing", "portal.stores", "portal.tenants", "portal.timestamps",
        "portal.web.forms", "portal.web.http", "portal.web.i18n", "portal.web.staff.lists",
    },
    "portal.web.staff.bulk": {
        "portal.auth", "portal.onboarding", "portal.queries", "portal.records", "portal.stores",
        "portal.tenants", "portal.web.http", "portal.web.i18n", "portal.web.staff.lists",
        "portal.web.staff.tenant",
    },
    "portal.web.imports": {
        "portal.answer_diff", "portal.imports", "portal.queries", "portal.records",
        "portal.sealing", "portal.stores", "portal.tenants", "portal.timestamps",
        "portal.web.forms", "portal.web.http", "portal.web.i18n",
    },
    "portal.web.api": {
        "portal.answer_diff", "portal.auth", "portal.contact_fields", "portal.contact_readers",
        "portal.grace", "portal.imports", "portal.logs", "portal.mail", "portal.onboarding",
        "portal.outbox", "portal.queries", "portal.records", "portal.refusal_links",
        "portal.sealing", "portal.search", "portal.settings", "portal.stores", "portal.tenants",
        "portal.timestamps", "portal.usage", "portal.web.forms", "portal.web.front",
        "portal.web.http", "portal.web.imports",
    },
    "portal.web.openapi": {
        "portal.auth", "portal.imports", "portal.tenants", "portal.web.api", "portal.web.http",
    },
    "portal.web": {
        "portal.auth", "portal.logs", "portal.metrics", "portal.stores", "portal.tenants",
        "portal.web.api", "portal.web.customer", "portal.web.front", "portal.web.http",
        "portal.web.i18n", "portal.web.imports", "portal.web.openapi", "portal.web.shell",
        "portal.web.staff", "portal.webhooks",
    },
    "portal.backups": {
        "portal.records", "portal.sealing", "portal.signing_keys", "portal.stores",
        "portal.stores.file", "portal.timestamps",
    },
    "portal.cli.check_config": {
        "portal.credential_files", "portal.mail", "portal.metrics", "portal.oidc", "portal.sealing",
        "portal.setting_list", "portal.settings", "portal.signing_keys", "portal.tracing",
    },
    "portal.cli.doctor": {
        "portal.cli", "portal.folders", "portal.fsm", "portal.incomplete_count", "portal.mail",
        "portal.metrics", "portal.oidc", "portal.sealing", "portal.search", "portal.settings",
        "portal.signing_keys", "portal.stores", "portal.stores.dynamodb", "portal.stores.file",
        "portal.timestamps", "portal.tracing",
    },
    "portal.cli": {
        "portal", "portal.answer_diff", "portal.auth", "portal.backups", "portal.cli.check_config",
        "portal.cli.doctor", "portal.contact_readers", "portal.desk", "portal.figures",
        "portal.grace", "portal.imports", "portal.lambda_http", "portal.logs", "portal.mail",
        "portal.metrics", "portal.metrics.sources", "portal.onboarding", "portal.outbox",
        "portal.proxy_hops", "portal.records", "portal.reports", "portal.saved_views",
        "portal.sealing", "portal.search", "portal.serving", "portal.settings",
        "portal.signing_keys", "portal.stores", "portal.stores.file", "portal.tenants",
        "portal.timestamps", "portal.tracing", "portal.usage", "portal.webhooks",
    },
    "portal": {
        "portal.figures", "portal.folders", "portal.fsm", "portal.grace", "portal.logs",
        "portal.metrics", "portal.metrics.sources", "portal.oidc", "portal.proof_of_work",
        "portal.refusal_links", "portal.sealing", "portal.search", "portal.settings",
        "portal.signing_keys", "portal.stores", "portal.timestamps", "portal.tracing",
        "portal.usage", "portal.web", "portal.webhooks",
    },
    "portal.metrics": {
        "portal.bounded_answers", "portal.logs", "portal.metrics_setting",
        "portal.setting_parsers", "portal.settings", "portal.unix_sockets",
    },
    "portal.metrics.sources": {
        "portal.figures", "portal.metrics", "portal.records", "portal.stores", "portal.tenants",
        "portal.timestamps", "portal.webhooks",
    },
    "migrations_tools.table": {
        "migrations_tools", "migrations_tools.cloudformation", "portal.cli", "portal.records",
        "portal.settings", "portal.stores", "portal.stores.aws", "portal.stores.dynamodb",
    },
    "migrations_tools.cloudformation": {"migrations_tools"},
    "migrations_tools.backfill": {
        "migrations_tools", "portal.answer_diff", "portal.atomic_files", "portal.cli",
        "portal.incomplete_count", "portal.onboarding", "portal.records", "portal.sealing",
        "portal.search", "portal.settings", "portal.stores", "portal.stores.dynamodb",
        "portal.tenants", "portal.timestamps",
    },
    "migrations_tools.backup": {
        "migrations_tools", "portal.atomic_files", "portal.cli", "portal.settings", "portal.stores",
        "portal.stores.dynamodb", "portal.timestamps",
    },
    "migrations_tools.copy": {
        "migrations_tools", "portal.answer_diff", "portal.cli", "portal.stores",
        "portal.stores.dynamodb", "portal.timestamps",
    },
    "migrations_tools.imports": {
        "migrations_tools", "portal.answer_diff", "portal.cli", "portal.imports", "portal.records",
        "portal.sealing", "portal.search", "portal.settings", "portal.signing_keys",
        "portal.stores", "portal.tenants", "portal.timestamps",
    },
    "migrations_tools": {
        "migrations_tools.backfill", "migrations_tools.backup", "migrations_tools.copy",
        "migrations_tools.imports", "migrations_tools.table", "portal.stores",
    },
}  # fmt: skip

#: Rooms inside a room that have a door to the street as well.
OPEN_INSIDE = {
    "portal.metrics.sources",
    "portal.stores.aws",
    "portal.stores.dynamodb",
    "portal.stores.file",
}

OURS = [one for one in PORTAL + TOOLS if one.top in ("portal", "migrations_tools")]
MODULES = {one.importer for one in PORTAL + TOOLS} | {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for folder in ("portal", "migrations_tools")
    for path in (ROOT / folder).rglob("*.py")
}
PACKAGES = {
    ".".join(path.parent.relative_to(ROOT).parts)
    for folder in ("portal", "migrations_tools")
    for path in (ROOT / folder).rglob("__init__.py")
}


def room_of(name: str) -> str:
    """The innermost room of a module, or of a name that is imported from one."""
    while name not in ARROWS:
        name = name.rpartition(".")[0]
    return name


def names_at(door: str) -> set[str]:
    """What the door of a package offers: its `__all__`."""
    path = ROOT.joinpath(*door.split("."), "__init__.py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def past_a_door(one: Import) -> bool:
    """Whether the import goes into a room that its importer is not in, past what its door
    offers. The tops `portal` and `migrations_tools` are streets, with rooms and plain modules."""
    inside = {one.importer, *(package for package in PACKAGES if within(one.importer, package))}
    parts = one.module.split(".")
    packages = [".".join(parts[:n]) for n in range(2, len(parts) + 1)]
    for package in (name for name in packages if name in PACKAGES):
        if package in inside or package == one.module:
            continue
        if any(within(one.module, room) for room in OPEN_INSIDE if within(room, package)):
            continue
        name = one.module.removeprefix(f"{package}.")
        return name not in names_at(package)
    return False


def test_nobody_goes_past_a_door() -> None:
    assert [str(one) for one in OURS if past_a_door(one)] == []


def test_arrows_between_rooms_run_as_the_table_says() -> None:
    arrows = {(room_of(one.importer), room_of(one.module)) for one in OURS}
    unknown = {(a, b) for a, b in arrows if a != b and b not in ARROWS[a]}
    assert unknown == set()


def test_the_table_names_no_arrow_that_nobody_needs() -> None:
    arrows = {(room_of(one.importer), room_of(one.module)) for one in OURS}
    assert {(a, b) for a, targets in ARROWS.items() for b in targets} - arrows == set()


def test_every_package_is_a_room_with_a_door() -> None:
    assert PACKAGES - set(ARROWS) == set()
    silent = [room for room in PACKAGES if room.count(".") and not names_at(room)]
    assert silent == []


@pytest.mark.parametrize(
    ("folder", "most"), [("portal/web", 4), ("portal/imports", 4), ("portal/stores", 10)]
)
def test_a_room_of_rooms_has_few_files_of_its_own(folder: str, most: int) -> None:
    assert len(list((ROOT / folder).glob("*.py"))) <= most


def test_the_verbs_and_the_questions_know_no_particular_store() -> None:
    rooms = ("portal.tenants", "portal.onboarding", "portal.queries", "portal.records",
             "portal.imports", "portal.auth")  # fmt: skip
    found = [one for one in PORTAL if within(one.importer, *rooms)]
    assert found
    assert [str(one) for one in found if within(one.module, *OPEN_INSIDE)] == []


# ---- Words


def retired_words() -> list[str]:
    """The first column of the last table in docs/glossary.md."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    table = text.partition("## Retired words")[2]
    return re.findall(r"^\| `([^`]+)` \|", table, flags=re.MULTILINE)


def test_retired_words_are_gone_from_code_comments_and_tests() -> None:
    words = retired_words()
    assert len(words) > 50
    pattern = re.compile(
        r"(?<![A-Za-z0-9_])(" + "|".join(map(re.escape, words)) + r")(?![A-Za-z0-9_])"
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}: {hit[1]}"
        for folder in ("portal", "migrations_tools", "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        # Words of a version before stand in what it wrote.
        if "compatibility" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for hit in pattern.finditer(line)
    ]
    assert found == []


def test_a_private_name_stays_in_its_module() -> None:
    ours = [one for one in PORTAL + TOOLS if one.top in ("portal", "migrations_tools")]
    names = [(one, one.module.rpartition(".")[2]) for one in ours]
    # "_" alone marks words for translation.
    assert [str(one) for one, name in names if name.startswith("_") and name != "_"] == []


def test_the_questions_only_read() -> None:
    verbs = {"Add", "Replace", "Remove"}
    found = [one for one in PORTAL if within(one.importer, "portal.queries")]
    assert found
    assert [str(one) for one in found if one.module.rpartition(".")[2] in verbs] == []


def test_the_geocoder_of_phonenumbers_is_never_imported() -> None:
    assert [str(one) for one in PORTAL + TOOLS if "geocoder" in one.module] == []


def test_modules_import_each_other_in_no_circle() -> None:
    modules = {one.importer for one in PORTAL + TOOLS}
    needs: dict[str, set[str]] = {name: set() for name in modules}
    for one in PORTAL + TOOLS:
        if one.when == "loaded":
            # What is imported from a package is a module inside or the package's own.
            target = one.module if one.module in modules else one.module.rpartition(".")[0]
            needs[one.importer] |= ({target} & modules) - {one.importer}
    while free := {name for name, targets in needs.items() if not targets & needs.keys()}:
        for name in free:
            del needs[name]
    assert needs == {}


def test_what_a_module_keeps_to_itself_nobody_else_imports() -> None:
    # `_` alone is the name that translations have everywhere. granian's scheduler has no other
    # door: see docs/decisions/007-whole-requests.md.
    found = [one for one in PORTAL + TOOLS if re.search(r"\._\w", one.module)]
    assert {one.importer for one in found} == {"portal.serving.requests.granian_server"}
    assert {one.module.rpartition(".")[0] for one in found} == {"granian._granian"}


@pytest.mark.parametrize(
    ("source", "modules", "when"),
    [
        ("import boto3", ["boto3"], "loaded"),
        ("def f():\n    import boto3.session", ["boto3.session"], "called"),
        ("if TYPE_CHECKING:\n    from flask import Flask", ["flask.Flask"], "never"),
        (
            "class A:\n    try:\n        import flask\n    finally:\n        pass",
            ["flask"],
            "loaded",
        ),
        ("from . import b, c", ["portal.a.b", "portal.a.c"], "loaded"),
        ("from ..web import d", ["portal.web.d"], "loaded"),
    ],
)
def test_no_import_is_overlooked(source: str, modules: list[str], when: str) -> None:
    found = list(imports_of(source, "portal.a.module"))
    assert [one.module for one in found] == modules
    assert {one.when for one in found} == {when}


def test_starting_on_the_file_store_loads_neither_boto3_nor_the_geocoder(tmp_path: Path) -> None:
    script = "import sys; from portal import create_app; create_app(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PORTAL_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = set(done.stdout.split())
    assert "portal.stores.file.store" in loaded
    unwanted = {
        *AWS,
        "phonenumbers.geocoder",
        "phonenumbers.geodata",
        "granian",
        "joserfc",
        "migrations_tools",
        "portal.stores.dynamodb.store",
        "prometheus_client",
        "opentelemetry",
        "portal.tracing.otel",
    }
    assert loaded & unwanted == set()
