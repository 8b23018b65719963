"""What the portal, and who deploys, must be allowed to do: IAM policies."""

from migrations_tools import table_definition
from migrations_tools.table_definition import Document


def partition_of(region: str) -> str:
    """What an ARN begins with there."""
    partitions = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
    found = (name for start, name in partitions.items() if region.startswith(start))
    return next(found, "aws")


def portal_policy(table_arn: str, kms_key: str = "") -> Document:
    """Of the running portal, and of `adopt` and `copy`: six operations, and sealing with KMS.
    `kms_key`: an ARN, or an alias; none, the key file seals."""
    statements = [
        {
            "Sid": "TenantTable",
            "Effect": "Allow",
            "Action": list(table_definition.PORTAL_ACTIONS),
            "Resource": [table_arn, f"{table_arn}/index/*"],
        }
    ]
    if kms_key:
        statements.append(sealing_statement(kms_key, table_arn))
    return policy(statements)


def sealing_statement(kms_key: str, table_arn: str) -> Document:
    """It may seal client secrets, and cannot open them."""
    condition: Document = {"StringEquals": {"kms:EncryptionContext:purpose": "clientSecret"}}
    _, partition, _, region, account, *_ = table_arn.split(":")
    keys = f"arn:{partition}:kms:{region}:{account}:key"
    if ":alias/" in kms_key:
        # A policy that names an alias as its resource allows nothing.
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
    """Of whoever runs `table plan` and `table deploy`."""
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
    """A whole one, of these."""
    return {"Version": "2012-10-17", "Statement": statements}
