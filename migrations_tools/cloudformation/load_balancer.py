"""An Application Load Balancer with TLS in front of the portal."""

from typing import Any

from migrations_tools import table_definition
from migrations_tools.cloudformation.alarms import alarm
from migrations_tools.cloudformation.parts import attributes, ref, text
from migrations_tools.table_definition import Document

#: Longer than the 30 seconds that a portal that is stopped gives requests under way.
DEREGISTRATION_SECONDS = 40

#: The form of a certificate's ARN.
CERTIFICATE_ARN = "arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+"


def load_balancer_parameters() -> Document:
    return {
        "VpcId": {"Type": "AWS::EC2::VPC::Id", "Description": "The VPC of the portal."},
        "PublicSubnetIds": {
            "Type": "List<AWS::EC2::Subnet::Id>",
            "Description": "At least two, in different zones, for the load balancer.",
        },
        "CertificateArn": text(
            "The certificate (ACM) of the host of BaseUrl.",
            None,
            AllowedPattern=CERTIFICATE_ARN,
        ),
        "AllowedNetwork": text("Who may reach the load balancer.", "0.0.0.0/0"),
    }


def load_balancer(environment: str, target_group: Document) -> Document:
    """The resources; `target_group` are the properties that say what stands behind."""
    tags = table_definition.tag_list(table_definition.tags(environment))
    return {
        "LoadBalancerGroup": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "Who reaches the load balancer of the portal.",
                "VpcId": ref("VpcId"),
                "SecurityGroupIngress": [
                    {
                        "Description": f"Port {port}",
                        "IpProtocol": "tcp",
                        "FromPort": port,
                        "ToPort": port,
                        "CidrIp": ref("AllowedNetwork"),
                    }
                    for port in (80, 443)
                ],
                # Given explicitly, or AWS allows all.
                "SecurityGroupEgress": [
                    {
                        "Description": "Nowhere; a rule of its own leads to the portal.",
                        "IpProtocol": "icmp",
                        "FromPort": 252,
                        "ToPort": 86,
                        "CidrIp": "255.255.255.255/32",
                    }
                ],
                "Tags": tags,
            },
        },
        "LoadBalancer": {
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "Properties": {
                "Scheme": "internet-facing",
                "Subnets": ref("PublicSubnetIds"),
                "SecurityGroups": [ref("LoadBalancerGroup")],
                "LoadBalancerAttributes": attributes(
                    {
                        "deletion_protection.enabled": "true" if environment == "prod" else "false",
                        "routing.http.drop_invalid_header_fields.enabled": "true",
                        "routing.http.xff_header_processing.mode": "append",
                    }
                ),
                "Tags": tags,
            },
        },
        "HttpsListener": {
            "Type": "AWS::ElasticLoadBalancingV2::Listener",
            "Properties": {
                "LoadBalancerArn": ref("LoadBalancer"),
                "Port": 443,
                "Protocol": "HTTPS",
                "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
                "Certificates": [{"CertificateArn": ref("CertificateArn")}],
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": ref("TargetGroup")}],
            },
        },
        "HttpListener": {
            "Type": "AWS::ElasticLoadBalancingV2::Listener",
            "Properties": {
                "LoadBalancerArn": ref("LoadBalancer"),
                "Port": 80,
                "Protocol": "HTTP",
                "DefaultActions": [
                    {
                        "Type": "redirect",
                        "RedirectConfig": {
                            "Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301",
                        },
                    }
                ],
            },
        },
        "TargetGroup": {
            "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
            "Properties": {**target_group, "Tags": tags},
        },
        "ServerErrorsAlarm": alarm(
            "The portal answers with errors of its own. Look into its log.",
            **_metric("HTTPCode_Target_5XX_Count", "Sum"),
            Threshold=5,
        ),
    }  # fmt: skip


def unhealthy_alarm() -> Document:
    """For targets whose health the load balancer checks."""
    metric = _metric("UnHealthyHostCount", "Maximum")
    metric["Dimensions"].append(
        {"Name": "TargetGroup", "Value": {"Fn::GetAtt": ["TargetGroup", "TargetGroupFullName"]}}
    )
    return alarm(
        "A portal is not ready. Look into its log, and run: portal doctor", **metric, Threshold=0
    )


def _metric(name: str, statistic: str) -> dict[str, Any]:
    return {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": name,
        "Dimensions": [
            {
                "Name": "LoadBalancer",
                "Value": {"Fn::GetAtt": ["LoadBalancer", "LoadBalancerFullName"]},
            }
        ],
        "Statistic": statistic,
        "Period": 60,
    }
