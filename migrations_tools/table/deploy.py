"""Brings a table up to the definition: it is looked at, one step is made, and it is looked at
again, until nothing is left to do. Nothing is ever dropped, so it may be repeated and stopped
at any moment."""

import time
from collections.abc import Callable
from typing import Any

from migrations_tools.table.inspector import TableInspector, code_of
from migrations_tools.table.plan import Step, TablePlan, TablePlanner

#: Seconds between two looks at a table that is changing.
PAUSE = 5.0
#: A step is asked for so often before its not being there is called an error: AWS's answers
#: about tags and backups lag behind.
TRIES = 5

#: What a table is for a while, and then no more.
_PASSING = frozenset({"ACTIVE", "CREATING", "UPDATING", "DELETING"})
#: Codes of "not at this moment".
_NOT_YET = frozenset({
    "ContinuousBackupsUnavailableException", "LimitExceededException", "ResourceInUseException",
})  # fmt: skip


class DeployError(Exception):
    """The sentence says what is in the way, and what to do about it."""


class Deployment:
    """`client` is boto3's for DynamoDB. `pause` waits so many seconds."""

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
        self._looking = TableInspector(client, table)
        self._planning = TablePlanner(table, environment, keep_capacity_mode=keep_capacity_mode)
        self._pause = pause

    def plan(self) -> TablePlan:
        """What is left to do now. Changes nothing."""
        return self._planning.plan(self._looking.look())

    def run(self, tell: Callable[[str], None]) -> TablePlan:
        """Does it, and answers the plan that is left: without steps. `DeployError`."""
        tried: dict[str, int] = {}
        while True:
            self._wait(tell)
            plan = self.plan()
            if not plan.steps:
                return plan
            step = plan.steps[0]
            tried[step.what] = tried.get(step.what, 0) + 1
            if tried[step.what] > TRIES:
                raise DeployError(
                    f"AWS was asked for it, and it is not there: {step.what} Look at the table in"
                    " the console, and run this again."
                )
            if tried[step.what] == 1:
                tell(step.what)
            else:
                self._pause(PAUSE)
            self._make(step)

    def _wait(self, tell: Callable[[str], None]) -> None:
        told = ""
        while (found := self._looking.look()) and found.changing:
            if found.table["TableStatus"] not in _PASSING:
                raise DeployError(
                    f"AWS says that the table is {found.table['TableStatus']}. Look at it in the"
                    " console, mend that, and run this again."
                )
            if found.changing != told:
                told = found.changing
                tell(f"Waiting: {told}.")
            self._pause(PAUSE)

    def _make(self, step: Step) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - takes 0.4 s

        try:
            getattr(self._client, step.operation)(**step.parameters)
        except ClientError as error:
            # Somebody else changes the table, or it is not quite ready: look again.
            if code_of(error) not in _NOT_YET:
                raise
