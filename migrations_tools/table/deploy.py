"""Brings a table up to the definition, one step after another.

The table is described anew after each step, until no step is left. Nothing is ever removed, so a
deployment may be stopped at any moment and repeated.
"""

import time
from collections.abc import Callable
from typing import Any

from migrations_tools.table.inspector import TableInspector, error_code
from migrations_tools.table.plan import Step, TablePlan, TablePlanner
from portal.stores import UnavailableError

#: Seconds between two descriptions of a table that AWS is changing.
PAUSE_SECONDS = 5.0
#: How often a step is tried before its missing effect counts as an error: AWS's descriptions of
#: tags and backups lag behind.
MAX_ATTEMPTS = 5

#: Table statuses that change by themselves, and the one that is reached then.
_NORMAL_STATUSES = frozenset({"ACTIVE", "CREATING", "UPDATING", "DELETING"})
#: Error codes that mean "not at this moment".
_RETRYABLE_CODES = frozenset({
    "ContinuousBackupsUnavailableException", "LimitExceededException", "ResourceInUseException",
})  # fmt: skip


class DeployError(UnavailableError):
    """AWS does not bring the table to the planned state."""


class Deployment:
    """The deployment of one table.

    Args:
        client: boto3's client for DynamoDB.
        pause: Waits for a number of seconds.
    """

    def __init__(
        self,
        client: Any,
        *,
        table: str,
        environment: str,
        keep_capacity_mode: bool = False,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._inspector = TableInspector(client, table)
        self._planner = TablePlanner(table, environment, keep_capacity_mode=keep_capacity_mode)
        self._pause = pause

    def plan(self) -> TablePlan:
        """The steps that are missing now. Changes nothing."""
        return self._planner.plan(self._inspector.describe())

    def run(self, report: Callable[[str], None]) -> TablePlan:
        """Make all steps and return the remaining plan, which has no steps.

        Args:
            report: Gets a sentence for each step, and for what is waited for.

        Raises:
            DeployError: A step has no effect, or AWS cannot use the table.
        """
        attempts: dict[str, int] = {}
        while True:
            self._wait_until_active(report)
            plan = self.plan()
            if not plan.steps:
                return plan
            step = plan.steps[0]
            attempts[step.what] = attempts.get(step.what, 0) + 1
            if attempts[step.what] > MAX_ATTEMPTS:
                raise DeployError(
                    reason=f"This had no effect in {MAX_ATTEMPTS} attempts: {step.what}",
                    remedy="Look at the table in the AWS console.",
                )
            if attempts[step.what] == 1:
                report(step.what)
            else:
                self._pause(PAUSE_SECONDS)
            self._make(step)

    def _wait_until_active(self, report: Callable[[str], None]) -> None:
        reported = ""
        while (table := self._inspector.describe()) and table.ongoing_change:
            status = table.table["TableStatus"]
            if status not in _NORMAL_STATUSES:
                raise DeployError(
                    reason=f"AWS says that the table is {status}.",
                    remedy="Look at the table in the AWS console and correct the cause.",
                )
            if table.ongoing_change != reported:
                reported = table.ongoing_change
                report(f"Waiting: {reported}.")
            self._pause(PAUSE_SECONDS)

    def _make(self, step: Step) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - takes 0.4 s

        try:
            getattr(self._client, step.operation)(**step.parameters)
        except ClientError as error:
            # Somebody else is changing the table, or AWS is not ready yet: `run` tries again.
            if error_code(error) not in _RETRYABLE_CODES:
                raise
