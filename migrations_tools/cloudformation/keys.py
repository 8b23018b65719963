"""What the portal needs to seal and to sign: a KMS key, and the secret key."""

from migrations_tools import table_definition
from migrations_tools.cloudformation.parts import arn_of, either, ref, sub
from migrations_tools.cloudformation.policies import policy
from migrations_tools.table_definition import Document

#: What the account's administrators may do with the key, each if IAM allows it to them. `Decrypt`
#: is there for the program that logs in with client secrets.
_ADMIN_ACTIONS = (
    "CancelKeyDeletion", "CreateAlias", "Decrypt", "DeleteAlias", "DescribeKey", "DisableKey",
    "DisableKeyRotation", "EnableKey", "EnableKeyRotation", "Encrypt", "GetKeyPolicy",
    "GetKeyRotationStatus", "ListAliases", "ListGrants", "ListKeyPolicies", "ListResourceTags",
    "PutKeyPolicy", "ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateAlias",
    "UpdateKeyDescription",
)  # fmt: skip

#: The key that seals client secrets: the stack's own, unless one is named.
SEALING_KEY_ARN = either("MakesKey", arn_of("SealingKey"), ref("KmsKeyArn"))


def keys(environment: str) -> Document:
    """The resources, which use the condition `MakesKey`."""
    tags = table_definition.tag_list(table_definition.tags(environment))
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return {
        "SealingKey": {
            "Type": "AWS::KMS::Key",
            "Condition": "MakesKey",
            # Without it, nobody can open what it has sealed.
            **kept,
            "Properties": {
                "Description": "Seals the client secrets of the onboarding portal.",
                "EnableKeyRotation": True,
                "PendingWindowInDays": 30,
                "Tags": tags,
                "KeyPolicy": policy(
                    [
                        {
                            "Sid": "AccountDecides",
                            "Effect": "Allow",
                            "Principal": {
                                "AWS": sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")
                            },
                            "Action": [f"kms:{action}" for action in _ADMIN_ACTIONS],
                            # In the policy of a key: this key.
                            "Resource": "*",
                        }
                    ]
                ),
            },
        },
        "SecretKey": {
            "Type": "AWS::SecretsManager::Secret",
            **kept,
            "Properties": {
                "Description": "PORTAL_SECRET_KEY: signs sessions, forms and links.",
                "GenerateSecretString": {"PasswordLength": 64, "ExcludePunctuation": True},
                "Tags": tags,
            },
        },
    }
