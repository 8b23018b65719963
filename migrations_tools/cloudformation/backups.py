"""The scheduled backups of the template."""

from migrations_tools import table_definition
from migrations_tools.cloudformation.policies import policy
from migrations_tools.table_definition import Document


def backups(environment: str, table_arn: Document) -> Document:
    """The resources, which use the condition `WithBackups`.

    AWS Backup makes the backups, since DynamoDB's own backups have no schedule.
    """
    rules = [
        ("Daily", "cron(0 3 * * ? *)", 35),
        ("Monthly", "cron(0 4 1 * ? *)", 365),
    ]
    return {
        "BackupVault": {
            "Type": "AWS::Backup::BackupVault",
            "Condition": "WithBackups",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "BackupVaultName": {"Fn::Sub": "${AWS::StackName}-tenants"},
                "BackupVaultTags": table_definition.tags(environment),
            },
        },
        "BackupPlan": {
            "Type": "AWS::Backup::BackupPlan",
            "Condition": "WithBackups",
            "Properties": {
                "BackupPlan": {
                    "BackupPlanName": {"Fn::Sub": "${AWS::StackName}-tenants"},
                    "BackupPlanRule": [
                        {
                            "RuleName": name,
                            "TargetBackupVault": {"Ref": "BackupVault"},
                            "ScheduleExpression": schedule,
                            "Lifecycle": {"DeleteAfterDays": days},
                        }
                        for name, schedule, days in rules
                    ],
                }
            },
        },
        "BackupRole": {
            "Type": "AWS::IAM::Role",
            "Condition": "WithBackups",
            "Properties": {
                "AssumeRolePolicyDocument": policy(
                    [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "backup.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ]
                ),
                "ManagedPolicyArns": [
                    {
                        "Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/"
                        "AWSBackupServiceRolePolicyForBackup"
                    }
                ],
            },
        },
        "BackupSelection": {
            "Type": "AWS::Backup::BackupSelection",
            "Condition": "WithBackups",
            "Properties": {
                "BackupPlanId": {"Ref": "BackupPlan"},
                "BackupSelection": {
                    "SelectionName": "tenants",
                    "IamRoleArn": {"Fn::GetAtt": ["BackupRole", "Arn"]},
                    "Resources": [table_arn],
                },
            },
        },
    }
