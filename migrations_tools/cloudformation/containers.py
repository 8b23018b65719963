"""The portal as a service of ECS on Fargate, behind a load balancer."""

from migrations_tools import table_definition
from migrations_tools.cloudformation.load_balancer import (
    DEREGISTRATION_SECONDS,
    load_balancer,
    load_balancer_parameters,
    unhealthy_alarm,
)
from migrations_tools.cloudformation.parts import (
    arn_of,
    attributes,
    choice,
    either,
    is_set,
    is_yes,
    number,
    ref,
    text,
)
from migrations_tools.cloudformation.services import (
    environment_list,
    log_group,
    role,
    service_conditions,
    service_parameters,
    settings,
    write_log,
)
from migrations_tools.table_definition import Document

_PORT = 8000
#: Longer than the 30 seconds that requests under way get.
_STOP_SECONDS = 45


def container_parameters() -> Document:
    return {
        **service_parameters(base_url=None),
        **load_balancer_parameters(),
        "Image": text("The image of the portal, with a tag or a digest.", None),
        "RepositoryArn": text("Its repository, if it is one of Amazon ECR."),
        "SubnetIds": {
            "Type": "List<AWS::EC2::Subnet::Id>",
            "Description": "For the containers: private ones with a way out, or public ones.",
        },
        "PublicIp": choice("no", "yes: SubnetIds are public, and there is no NAT gateway."),
        "Containers": number(2, "How many run."),
    }


def container_conditions() -> Document:
    return {
        **service_conditions(),
        "WithPublicIp": is_yes("PublicIp"),
        "WithRepository": is_set("RepositoryArn"),
    }


def containers(environment: str) -> Document:
    """The resources of the service."""
    tags = table_definition.tag_list(table_definition.tags(environment))
    return {
        "Log": log_group(environment),
        # The portal's own role, and that of ECS, which fetches the image and the secret.
        "TaskRole": role("ecs-tasks"),
        "ExecutionRole": _execution_role(),
        "Cluster": {
            "Type": "AWS::ECS::Cluster",
            "Properties": {
                "ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}],
                "Tags": tags,
            },
        },
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "RequiresCompatibilities": ["FARGATE"],
                "NetworkMode": "awsvpc",
                "Cpu": "512",
                "Memory": "1024",
                "RuntimePlatform": {"OperatingSystemFamily": "LINUX"},
                "TaskRoleArn": arn_of("TaskRole"),
                "ExecutionRoleArn": arn_of("ExecutionRole"),
                # Empty, and gone with the container. It gets the owner that it has in the image.
                "Volumes": [{"Name": "data"}],
                "ContainerDefinitions": [_container(environment)],
                "Tags": tags,
            },
        },
        "Service": {
            "Type": "AWS::ECS::Service",
            "DependsOn": ["HttpsListener"],
            "Properties": {
                "Cluster": ref("Cluster"),
                "TaskDefinition": ref("Task"),
                "LaunchType": "FARGATE",
                "DesiredCount": ref("Containers"),
                # An old container goes only when a new one is ready.
                "DeploymentConfiguration": {
                    "MinimumHealthyPercent": 100,
                    "MaximumPercent": 200,
                    "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
                },
                "HealthCheckGracePeriodSeconds": 60,
                "LoadBalancers": [
                    {
                        "ContainerName": "portal",
                        "ContainerPort": _PORT,
                        "TargetGroupArn": ref("TargetGroup"),
                    }
                ],
                "NetworkConfiguration": {
                    "AwsvpcConfiguration": {
                        "AssignPublicIp": either("WithPublicIp", "ENABLED", "DISABLED"),
                        "SecurityGroups": [ref("ContainerGroup")],
                        "Subnets": ref("SubnetIds"),
                    }
                },
                "EnableECSManagedTags": True,
                "PropagateTags": "SERVICE",
                "Tags": tags,
            },
        },
        "UnhealthyAlarm": unhealthy_alarm(),
        **_network(tags),
        **load_balancer(
            environment,
            {
                "TargetType": "ip",
                "VpcId": ref("VpcId"),
                "Protocol": "HTTP",
                "Port": _PORT,
                "HealthCheckPath": "/health/ready",
                "HealthCheckIntervalSeconds": 10,
                "HealthCheckTimeoutSeconds": 5,
                "HealthyThresholdCount": 2,
                "UnhealthyThresholdCount": 3,
                "Matcher": {"HttpCode": "200"},
                "TargetGroupAttributes": attributes(
                    {"deregistration_delay.timeout_seconds": str(DEREGISTRATION_SECONDS)}
                ),
            },
        ),
    }


def _container(environment: str) -> Document:
    values = settings(environment, ref("BaseUrl")) | {
        "AWS_REGION": ref("AWS::Region"),
        "PORTAL_PROXY_HOPS": "1",
    }
    return {
        "Name": "portal",
        "Image": ref("Image"),
        "Essential": True,
        "User": "10001:10001",
        "ReadonlyRootFilesystem": True,
        "MountPoints": [{"SourceVolume": "data", "ContainerPath": "/data", "ReadOnly": False}],
        "LinuxParameters": {"Capabilities": {"Drop": ["ALL"]}},
        "PortMappings": [{"ContainerPort": _PORT, "Protocol": "tcp"}],
        "StopTimeout": _STOP_SECONDS,
        "Environment": environment_list(values),
        "Secrets": [{"Name": "PORTAL_SECRET_KEY", "ValueFrom": ref("SecretKey")}],
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": ref("Log"),
                "awslogs-region": ref("AWS::Region"),
                "awslogs-stream-prefix": "portal",
                # A log that does not take lines stops no portal.
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        },
    }


def _execution_role() -> Document:
    return role(
        "ecs-tasks",
        write_log(),
        {
            "Sid": "ReadSecretKey",
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue"],
            "Resource": [ref("SecretKey")],
        },
        either(
            "WithRepository",
            {
                "Sid": "FetchImage",
                "Effect": "Allow",
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Resource": [ref("RepositoryArn")],
            },
        ),
        either(
            "WithRepository",
            {
                "Sid": "SignInToRegistry",
                "Effect": "Allow",
                "Action": ["ecr:GetAuthorizationToken"],
                # AWS knows no resource for it.
                "Resource": ["*"],
            },
        ),
        is_portal=False,
    )


def _network(tags: list[dict[str, str]]) -> Document:
    """Who speaks with whom: the load balancer with containers, and these with the world by TLS."""
    return {
        "ContainerGroup": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "The containers of the portal.",
                "VpcId": ref("VpcId"),
                "SecurityGroupIngress": [
                    {
                        "Description": "The load balancer",
                        "IpProtocol": "tcp",
                        "FromPort": _PORT,
                        "ToPort": _PORT,
                        "SourceSecurityGroupId": ref("LoadBalancerGroup"),
                    }
                ],
                "SecurityGroupEgress": [
                    {
                        "Description": "AWS, and the clusters of Field Service Management",
                        "IpProtocol": "tcp",
                        "FromPort": 443,
                        "ToPort": 443,
                        "CidrIp": "0.0.0.0/0",
                    }
                ],
                "Tags": tags,
            },
        },
        "LoadBalancerToContainers": {
            "Type": "AWS::EC2::SecurityGroupEgress",
            "Properties": {
                "GroupId": ref("LoadBalancerGroup"),
                "Description": "The containers",
                "IpProtocol": "tcp",
                "FromPort": _PORT,
                "ToPort": _PORT,
                "DestinationSecurityGroupId": ref("ContainerGroup"),
            },
        },
    }
