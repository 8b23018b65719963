"""The policies allow exactly what the portal and a deployment use."""

from typing import Any

import pytest

from migrations_tools import table_definition
from migrations_tools.cloudformation.template import cloudformation_template
from portal.stores.dynamodb.client import METHODS
from tests.migrations_tools.aws_tables import TABLE
from tests.migrations_tools.cloudformation.table_documents import print_document

#: As the manual of the table lists them.
ALLOWED = {
    "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem",
    "dynamodb:Query", "dynamodb:Scan",
}  # fmt: skip


def statements(*options: str, **environ: str) -> list[dict[str, Any]]:
    """The statements of the policy that `table iam-policy` prints."""
    return list(print_document("iam-policy", *options, **environ)["Statement"])


def test_the_policy_and_the_template_allow_exactly_what_the_manual_lists() -> None:
    policy = statements("--kms-key", "arn:aws:kms:eu-central-1:1:key/k")
    managed = cloudformation_template(TABLE, "prod")["Resources"]["PortalPolicy"]["Properties"]
    condition, sealing, without_kms = managed["PolicyDocument"]["Statement"][1]["Fn::If"]
    assert (condition, without_kms) == ("WithKms", {"Ref": "AWS::NoValue"})
    for table, key in (policy, (managed["PolicyDocument"]["Statement"][0], sealing)):
        assert set(table["Action"]) == ALLOWED
        assert key["Action"] == ["kms:Encrypt"]
        assert key["Condition"] == {
            "StringEquals": {"kms:EncryptionContext:purpose": "clientSecret"}
        }


def test_the_store_uses_nothing_that_the_policy_does_not_allow() -> None:
    # A transaction needs the permissions of its parts.
    used = {f"dynamodb:{name}" for name in METHODS if not name.startswith("Transact")}
    assert used <= set(table_definition.PORTAL_ACTIONS) == ALLOWED


def test_the_policy_names_the_table_and_its_indexes() -> None:
    (statement,) = statements(AWS_REGION="eu-central-1", TENANT_TABLE_NAME="tenants")
    arn = "arn:aws:dynamodb:eu-central-1:*:table/tenants"
    assert statement["Resource"] == [arn, f"{arn}/index/*"]
    (statement,) = statements("--region", "cn-north-1", "--account", "123456789012")
    assert statement["Resource"][0] == f"arn:aws-cn:dynamodb:cn-north-1:123456789012:table/{TABLE}"
    (statement,) = statements("--region", "us-gov-west-1")
    assert statement["Resource"][0] == f"arn:aws-us-gov:dynamodb:us-gov-west-1:*:table/{TABLE}"


@pytest.mark.parametrize(
    ("key", "resource", "aliases"),
    [
        ("arn:aws:kms:eu-central-1:1:key/k", "arn:aws:kms:eu-central-1:1:key/k", None),
        ("0a1b-2c3d", "arn:aws:kms:eu-central-1:1:key/0a1b-2c3d", None),
        ("alias/portal", "arn:aws:kms:eu-central-1:1:key/*", "alias/portal"),
        (
            "arn:aws:kms:eu-west-1:2:alias/portal",
            "arn:aws:kms:eu-west-1:2:key/*",
            "alias/portal",
        ),
    ],
)
def test_the_policy_names_the_key_that_seals(key: str, resource: str, aliases: str | None) -> None:
    options = ("--region", "eu-central-1", "--account", "1")
    _, statement = statements(*options, PORTAL_KMS_KEY_ID=key)
    assert statement["Resource"] == [resource]
    condition = statement["Condition"].get("ForAnyValue:StringEquals", {})
    assert condition.get("kms:ResourceAliases") == aliases


def test_the_policy_for_deploy_allows_to_deploy_and_not_to_delete() -> None:
    (statement,) = statements("--for", "deploy")
    assert set(statement["Action"]) == set(table_definition.DEPLOY_ACTIONS)
    assert not [action for action in statement["Action"] if "Delete" in action]
