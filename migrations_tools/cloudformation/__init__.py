"""The table and what belongs to it as documents for AWS, alone or with a portal that uses it.

template       the CloudFormation template
policies       IAM policies
alarms         CloudWatch alarms
backups        scheduled backups
keys           the KMS key that seals, and the secret key
services       what every portal on AWS has: settings, a log, a role
containers     a service of ECS on Fargate
functions      functions of AWS Lambda
load_balancer  what stands in front
parts          small parts that templates are made of
"""

from migrations_tools.cloudformation.policies import deploy_policy, partition_of, portal_policy
from migrations_tools.cloudformation.template import SERVICES, cloudformation_template

__all__ = [
    "SERVICES",
    "cloudformation_template",
    "deploy_policy",
    "partition_of",
    "portal_policy",
]
