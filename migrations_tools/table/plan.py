"""What is left to do for a table to be as the definition says. It is worked out from what was
found, and nothing is ever dropped."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from migrations_tools import table_definition
from migrations_tools.table.inspector import TableDescription
from portal.records import SECRET
from portal.stores import INDEXES, KEY, Index


@dataclass(frozen=True)
class Step:
    """One change of the table, in words for people, and as a call of AWS."""

    what: str
    operation: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class TablePlan:
    """`problems` cannot be mended without dropping something; `notes` need not be."""

    steps: list[Step] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class TablePlanner:
    """For the table of this name in `dev` or `prod`."""

    def __init__(self, table: str, environment: str, *, keep_capacity_mode: bool = False) -> None:
        self._table = table
        self._environment = environment
        self._keep_capacity_mode = keep_capacity_mode

    def plan(self, found: TableDescription | None) -> TablePlan:
        """`None`: no table is there yet."""
        return self._plan_of_new() if found is None else self._plan_of(found)

    def _plan_of_new(self) -> TablePlan:
        names = ", ".join(index.name for index in INDEXES)
        create = Step(
            f"Create the table {self._table} with {names}, on demand, encrypted at rest"
            + (", protected against deletion." if self._is_protected else "."),
            "create_table",
            table_definition.create_parameters(self._table, self._environment),
        )
        return TablePlan(steps=[create, self._switch_recovery_on(), self._switch_ttl_on()])

    def _plan_of(self, found: TableDescription) -> TablePlan:
        plan = TablePlan()
        if found.table["KeySchema"] != table_definition.key_schema():
            plan.problems.append(
                f"The table {self._table} has another key than {KEY}. A key cannot be"
                " changed: choose another name with TENANT_TABLE_NAME."
            )
            return plan
        plan.steps.extend(self._of_capacity_mode(found))
        for index in INDEXES:
            self._of_index(index, found, plan)
        plan.steps.extend(self._of_the_table(found))
        self._of_recovery(found, plan)
        self._of_ttl(found, plan)
        self._of_tags(found, plan)
        return plan

    def _of_capacity_mode(self, found: TableDescription) -> Iterator[Step]:
        summary = found.table.get("BillingModeSummary", {})
        if summary.get("BillingMode") != "PAY_PER_REQUEST" and not self._keep_capacity_mode:
            yield self._update("Switch to capacity on demand.", BillingMode="PAY_PER_REQUEST")

    def _of_index(self, index: Index, found: TableDescription, plan: TablePlan) -> None:
        there = found.index(index.name)
        if there is None:
            # What is defined already is repeated as it is: AWS wants every key of every index.
            defined = found.table["AttributeDefinitions"]
            names = {index.partition, index.sort} - {each["AttributeName"] for each in defined}
            create: dict[str, Any] = table_definition.index_parameters(index)
            throughput = found.table.get("ProvisionedThroughput", {})
            if self._keep_capacity_mode and throughput.get("WriteCapacityUnits"):
                create["ProvisionedThroughput"] = {
                    name: throughput[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")
                }
            plan.steps.append(
                self._update(
                    f"Add the index {index.name}.",
                    AttributeDefinitions=[*defined, *table_definition.attribute_definitions(names)],
                    GlobalSecondaryIndexUpdates=[{"Create": create}],
                )
            )
            return
        by_hand = (
            "An index cannot be changed, and this command removes nothing: remove it by hand while"
            " no portal is running, and run this again."
        )
        if there["KeySchema"] != table_definition.index_key_schema(index):
            plan.problems.append(f"The index {index.name} has other keys. {by_hand}")
            return
        missing, more = _carried(there["Projection"], index)
        if missing:
            plan.problems.append(
                f"The index {index.name} does not carry {', '.join(missing)}. {by_hand}"
            )
        if more:
            plan.notes.append(
                f"The index {index.name} carries more than the portal needs: {more}. It was left"
                " as it is."
            )

    def _of_the_table(self, found: TableDescription) -> Iterator[Step]:
        encryption = found.table.get("SSEDescription", {})
        if encryption.get("Status") not in ("ENABLED", "ENABLING", "UPDATING"):
            yield self._update(
                "Encrypt at rest with a key in KMS.",
                SSESpecification={"Enabled": True, "SSEType": "KMS"},
            )
        if self._is_protected and not found.table.get("DeletionProtectionEnabled"):
            yield self._update(
                "Protect the table against deletion.", DeletionProtectionEnabled=True
            )

    def _of_recovery(self, found: TableDescription, plan: TablePlan) -> None:
        if found.recovery is None:
            plan.notes.append(_not_offered("point-in-time recovery"))
        elif found.recovery != "ENABLED":
            plan.steps.append(self._switch_recovery_on())

    def _of_ttl(self, found: TableDescription, plan: TablePlan) -> None:
        if found.ttl is None:
            plan.notes.append(_not_offered("time to live"))
            return
        status, name = found.ttl.get("TimeToLiveStatus"), found.ttl.get("AttributeName")
        if status in ("ENABLED", "ENABLING"):
            if name != table_definition.TTL:
                plan.problems.append(
                    f"The table puts items away by the attribute {name}, not by"
                    f" {table_definition.TTL}. Switch that off by hand, and run this again an hour"
                    " later."
                )
        elif status == "DISABLING":
            plan.problems.append("Time to live is being switched off. Run this again in an hour.")
        else:
            plan.steps.append(self._switch_ttl_on())

    def _of_tags(self, found: TableDescription, plan: TablePlan) -> None:
        if found.tags is None:
            plan.notes.append(_not_offered("tags"))
            return
        wanted = table_definition.tags(self._environment)
        missing = {name: value for name, value in wanted.items() if found.tags.get(name) != value}
        if missing:
            listed = ", ".join(f"{name}={value}" for name, value in missing.items())
            plan.steps.append(
                Step(
                    f"Tag the table: {listed}.",
                    "tag_resource",
                    {
                        "ResourceArn": found.table["TableArn"],
                        "Tags": table_definition.as_list(missing),
                    },
                )
            )

    def _switch_recovery_on(self) -> Step:
        return Step(
            "Switch point-in-time recovery on.",
            "update_continuous_backups",
            {
                "TableName": self._table,
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            },
        )

    def _switch_ttl_on(self) -> Step:
        return Step(
            f"Put items away by the attribute {table_definition.TTL}.",
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


def _carried(there: Mapping[str, Any], index: Index) -> tuple[list[str], str]:
    """The attributes that the index lacks, and in words those that it has besides."""
    if there["ProjectionType"] == "ALL":
        more = f"all attributes, {SECRET} too" if index.projected is not None else ""
        return [], more
    carried = set(there.get("NonKeyAttributes", []))
    if index.projected is None:
        return ["all attributes"], ""
    return sorted(index.projected - carried), ", ".join(sorted(carried - index.projected))


def _not_offered(what: str) -> str:
    return f"This endpoint does not offer {what}, so it was left out. AWS does offer it."
