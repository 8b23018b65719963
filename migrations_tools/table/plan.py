"""The steps that bring a table up to the definition.

They are derived from the table as AWS describes it. No step removes anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from migrations_tools import table_definition
from migrations_tools.table.inspector import TableDescription
from portal.records import SECRET
from portal.stores import INDEXES, KEY, Index


@dataclass(frozen=True)
class Step:
    """One change of the table, in words and as a call of AWS."""

    what: str
    operation: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class TablePlan:
    """What is to be done.

    Attributes:
        problems: Differences that a person must resolve, because a step would remove something.
        notes: Differences that may stay.
    """

    steps: list[Step] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class TablePlanner:
    """Plans for one table; `environment` is `dev` or `prod`."""

    def __init__(self, table: str, environment: str, *, keep_capacity_mode: bool = False) -> None:
        self._table = table
        self._environment = environment
        self._keep_capacity_mode = keep_capacity_mode

    def plan(self, existing: TableDescription | None) -> TablePlan:
        """`None` means that there is no table yet."""
        return self._plan_new_table() if existing is None else self._plan_update(existing)

    def _plan_new_table(self) -> TablePlan:
        names = ", ".join(index.name for index in INDEXES)
        create = Step(
            f"Create the table {self._table} with {names}, on demand, encrypted at rest"
            + (", protected against deletion." if self._is_protected else "."),
            "create_table",
            table_definition.create_parameters(self._table, self._environment),
        )
        return TablePlan(steps=[create, self._enable_recovery(), self._enable_ttl()])

    def _plan_update(self, existing: TableDescription) -> TablePlan:
        plan = TablePlan()
        if existing.table["KeySchema"] != table_definition.key_schema():
            plan.problems.append(
                f"The table {self._table} has another key than {KEY}. A key cannot be"
                " changed: choose another name with TENANT_TABLE_NAME."
            )
            return plan
        plan.steps.extend(self._capacity_mode_steps(existing))
        for index in INDEXES:
            self._plan_index(index, existing, plan)
        plan.steps.extend(self._protection_steps(existing))
        self._plan_recovery(existing, plan)
        self._plan_ttl(existing, plan)
        self._plan_tags(existing, plan)
        return plan

    def _capacity_mode_steps(self, existing: TableDescription) -> Iterator[Step]:
        summary = existing.table.get("BillingModeSummary", {})
        if summary.get("BillingMode") != "PAY_PER_REQUEST" and not self._keep_capacity_mode:
            yield self._update("Switch to on-demand capacity.", BillingMode="PAY_PER_REQUEST")

    def _plan_index(self, index: Index, existing: TableDescription, plan: TablePlan) -> None:
        existing_index = existing.index(index.name)
        if existing_index is None:
            # Existing definitions are repeated: AWS expects every key of every index.
            definitions = existing.table["AttributeDefinitions"]
            defined = {definition["AttributeName"] for definition in definitions}
            new = table_definition.attribute_definitions({index.partition, index.sort} - defined)
            create: dict[str, Any] = table_definition.index_parameters(index)
            throughput = existing.table.get("ProvisionedThroughput", {})
            if self._keep_capacity_mode and throughput.get("WriteCapacityUnits"):
                create["ProvisionedThroughput"] = {
                    name: throughput[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")
                }
            plan.steps.append(
                self._update(
                    f"Add the index {index.name}.",
                    AttributeDefinitions=[*definitions, *new],
                    GlobalSecondaryIndexUpdates=[{"Create": create}],
                )
            )
            return
        by_hand = (
            "An index cannot be changed, and this command removes nothing: remove it by hand while"
            " no portal is running, and run the command again."
        )
        if existing_index["KeySchema"] != table_definition.index_key_schema(index):
            plan.problems.append(f"The index {index.name} has other keys. {by_hand}")
            return
        missing, unneeded = _projection_differences(existing_index["Projection"], index)
        if missing:
            plan.problems.append(
                f"The index {index.name} does not project {', '.join(missing)}. {by_hand}"
            )
        if unneeded:
            plan.notes.append(
                f"The index {index.name} projects more than the portal needs: {unneeded}. It was"
                " left as it is."
            )

    def _protection_steps(self, existing: TableDescription) -> Iterator[Step]:
        encryption = existing.table.get("SSEDescription", {})
        if encryption.get("Status") not in ("ENABLED", "ENABLING", "UPDATING"):
            yield self._update(
                "Encrypt at rest with a key in KMS.",
                SSESpecification={"Enabled": True, "SSEType": "KMS"},
            )
        if self._is_protected and not existing.table.get("DeletionProtectionEnabled"):
            yield self._update(
                "Protect the table against deletion.", DeletionProtectionEnabled=True
            )

    def _plan_recovery(self, existing: TableDescription, plan: TablePlan) -> None:
        if existing.recovery is None:
            plan.notes.append(_not_offered("point-in-time recovery"))
        elif existing.recovery != "ENABLED":
            plan.steps.append(self._enable_recovery())

    def _plan_ttl(self, existing: TableDescription, plan: TablePlan) -> None:
        if existing.ttl is None:
            plan.notes.append(_not_offered("time to live"))
            return
        status, name = existing.ttl.get("TimeToLiveStatus"), existing.ttl.get("AttributeName")
        if status in ("ENABLED", "ENABLING"):
            if name != table_definition.TTL:
                plan.problems.append(
                    f"The table removes expired items by the attribute {name}, not by"
                    f" {table_definition.TTL}. Switch that off by hand, and run the command again"
                    " an hour later."
                )
        elif status == "DISABLING":
            plan.problems.append(
                "Time to live is being switched off. Run the command again in an hour."
            )
        else:
            plan.steps.append(self._enable_ttl())

    def _plan_tags(self, existing: TableDescription, plan: TablePlan) -> None:
        if existing.tags is None:
            plan.notes.append(_not_offered("tags"))
            return
        expected = table_definition.tags(self._environment)
        missing = {
            name: value for name, value in expected.items() if existing.tags.get(name) != value
        }
        if missing:
            pairs = ", ".join(f"{name}={value}" for name, value in missing.items())
            plan.steps.append(
                Step(
                    f"Tag the table: {pairs}.",
                    "tag_resource",
                    {
                        "ResourceArn": existing.table["TableArn"],
                        "Tags": table_definition.tag_list(missing),
                    },
                )
            )

    def _enable_recovery(self) -> Step:
        return Step(
            "Switch point-in-time recovery on.",
            "update_continuous_backups",
            {
                "TableName": self._table,
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            },
        )

    def _enable_ttl(self) -> Step:
        return Step(
            f"Remove expired items by the attribute {table_definition.TTL}.",
            "update_time_to_live",
            {
                "TableName": self._table,
                "TimeToLiveSpecification": {"Enabled": True, "AttributeName": table_definition.TTL},
            },
        )

    def _update(self, what: str, **parameters: Any) -> Step:
        return Step(what, "update_table", {"TableName": self._table, **parameters})

    @property
    def _is_protected(self) -> bool:
        return table_definition.is_protected(self._environment)


def _projection_differences(projection: Mapping[str, Any], index: Index) -> tuple[list[str], str]:
    """The attributes that the existing index lacks, and in words those that it need not have."""
    if projection["ProjectionType"] == "ALL":
        return [], f"all attributes, also {SECRET}" if index.projected is not None else ""
    projected = set(projection.get("NonKeyAttributes", []))
    if index.projected is None:
        return ["all attributes"], ""
    return sorted(index.projected - projected), ", ".join(sorted(projected - index.projected))


def _not_offered(what: str) -> str:
    return f"This endpoint does not offer {what}, so it was left out. AWS offers it."
