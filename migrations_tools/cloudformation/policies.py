"""IAM policies: what the portal, and the person who deploys the table, may do."""

from migrations_tools import table_definition
from migrations_tools.table_definition import Document


def partition_of(region: str) -> str:
    """The AWS partition of the region: the second part of its ARNs."""
    partitions = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
    matches = (name for prefix, name in partitions.items() if region.startswith(prefix))
    return next(matches, "aws")


def portal_policy(table_arn: str, kms_key: str = "") -> Document:
    """The policy of the running portal, and of `adopt` and `copy`.

    Args:
        kms_key: The id, the ARN or an alias of the KMS key that seals client secrets; empty if
            the key file seals them.
    """
    statements = [
        {
            "Sid": "TenantTable",
            "Effect": "Allow",
            "Action": list(table_definition.PORTAL_ACTIONS),
            "Resource": [table_arn, f"{table_arn}/index/*"],
        }
    ]
    if kms_key:
        statements.append(_sealing_statement(kms_key, table_arn))
    return policy(statements)


def _sealing_statement(kms_key: str, table_arn: str) -> Document:
    """Allows to seal client secrets, and not to open them."""
    condition: Document = {"StringEquals": {"kms:EncryptionContext:purpose": "clientSecret"}}
    _, partition, _, region, account, *_ = table_arn.split(":")
    keys = f"arn:{partition}:kms:{region}:{account}:key"
    if ":alias/" in kms_key:
        # A policy whose resource is an alias allows nothing, so the alias becomes a condition.
        keys, _, kms_key = kms_key.rpartition(":")
        keys = f"{keys}:key"
    if kms_key.startswith("arn:"):
        resource = kms_key
    elif kms_key.startswith("alias/"):
        resource = f"{keys}/*"
        condition["ForAnyValue:StringEquals"] = {"kms:ResourceAliases": kms_key}
    else:
        resource = f"{keys}/{kms_key}"
    return {
        "Sid": "SealClientSecrets",
        "Effect": "Allow",
        "Action": ["kms:Encrypt"],
        "Resource": [resource],
        "Condition": condition,
    }


def deploy_policy(table_arn: str) -> Document:
    """The policy of the person who runs `table plan` and `table deploy`."""
    return policy(
        [
            {
                "Sid": "DeployTenantTable",
                "Effect": "Allow",
                "Action": list(table_definition.DEPLOY_ACTIONS),
                "Resource": [table_arn],
            }
        ]
    )


def policy(statements: list[Document]) -> Document:
    """A policy document with these statements."""
    return {"Version": "2012-10-17", "Statement": statements}
