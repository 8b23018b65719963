"""The table and what belongs to it as documents for AWS.

template  the CloudFormation template
policies  IAM policies
alarms    CloudWatch alarms
backups   scheduled backups
"""

from migrations_tools.cloudformation.policies import deploy_policy, partition_of, portal_policy
from migrations_tools.cloudformation.template import cloudformation_template

__all__ = [
    "cloudformation_template",
    "deploy_policy",
    "partition_of",
    "portal_policy",
]
