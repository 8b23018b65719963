"""The examples for Docker Compose and Kubernetes fit the image and the portal."""

from typing import Any

import pytest
import yaml

from portal.settings import SETTINGS
from tests.deploying.dockerfile import stages
from tests.deploying.image import ROOT, STOP_SECONDS

IMAGE = stages((ROOT / "Dockerfile").read_text())[-1]
NAMES = {setting.name for setting in SETTINGS}


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    """Those for Kubernetes, by kind."""
    text = (ROOT / "docs/deploying/kubernetes.yaml").read_text()
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


@pytest.fixture(scope="module")
def pod(documents: dict[str, dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = documents["Deployment"]["spec"]["template"]["spec"]
    return spec


def test_a_pod_runs_as_the_image_says_and_can_do_nothing_else(pod: dict[str, Any]) -> None:
    context, (container,) = pod["securityContext"], pod["containers"]
    user = f"{context['runAsUser']}:{context['runAsGroup']}"
    assert user == IMAGE.value("USER")
    assert context["runAsNonRoot"] is True
    # A volume of this group: see test_container.py.
    assert context["fsGroup"] == context["runAsGroup"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False


def test_each_volume_is_there_and_mounted(
    pod: dict[str, Any], documents: dict[str, dict[str, Any]]
) -> None:
    (container,) = pod["containers"]
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert mounted.keys() == volumes.keys()
    assert mounted["data"] == IMAGE.value("VOLUME")
    claim = documents["PersistentVolumeClaim"]["metadata"]["name"]
    assert volumes["data"]["persistentVolumeClaim"]["claimName"] == claim
    environ = {each["name"]: each["value"] for each in container["env"]}
    assert environ["CREDENTIALS_DIRECTORY"] == mounted["secrets"]
    # The portal's group may read them, and nobody else.
    assert volumes["secrets"]["secret"]["defaultMode"] == 0o440
    assert environ.keys() <= NAMES


def test_a_pod_is_asked_for_its_health_and_has_time_to_stop(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    (port,) = container["ports"]
    assert str(port["containerPort"]) == IMAGE.value("EXPOSE")
    checks = {
        kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")
    }
    assert {check["port"] for check in checks.values()} == {port["name"]}
    assert {kind: check["path"] for kind, check in checks.items()} == {
        "startup": "/health/live", "liveness": "/health/live", "readiness": "/health/ready",
    }  # fmt: skip
    (*_, pause) = container["lifecycle"]["preStop"]["exec"]["command"]
    assert pod["terminationGracePeriodSeconds"] > STOP_SECONDS + int(pause)


def test_only_one_pod_has_a_volume(documents: dict[str, dict[str, Any]]) -> None:
    spec = documents["Deployment"]["spec"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == labels == documents["Service"]["spec"]["selector"]


def test_compose_runs_the_image_in_the_same_way() -> None:
    composed = yaml.safe_load((ROOT / "docs/deploying/compose.yaml").read_text())
    portal = composed["services"]["portal"]
    assert portal["read_only"] is True
    assert portal["cap_drop"] == ["ALL"]
    assert portal["volumes"] == [f"data:{IMAGE.value('VOLUME')}"]
    assert composed["volumes"].keys() == {"data"}
    (port,) = portal["ports"]
    # Only a proxy on the same machine reaches it.
    assert port == f"127.0.0.1:8000:{IMAGE.value('EXPOSE')}"
    assert int(portal["stop_grace_period"].removesuffix("s")) > STOP_SECONDS
    assert portal["environment"].keys() <= NAMES
    assert composed["secrets"].keys() == set(portal["secrets"])
    secrets = {setting.name.lower() for setting in SETTINGS if setting.is_secret}
    assert composed["secrets"].keys() <= secrets
