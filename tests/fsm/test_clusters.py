"""Which clusters there are, and under which names."""

import pytest

from portal.fsm import Clusters, FsmCluster
from portal.settings import Settings, SettingsError


def clusters(**environ: str) -> Clusters:
    return Clusters(Settings.from_environment(environ).fsm.clusters)


def test_the_usual_ones() -> None:
    found = clusters()
    assert found.labels == ("eu", "de", "us", "cn", "au")
    assert found.of_label("eu") == FsmCluster(label="eu", host="eu.fsm.cloud.sap")
    assert found.of_host("AU.fsm.cloud.sap") == found.of_label("au")
    assert found.of_host("eu.coresystems.net") is None
    assert found.of_label("xx") is None
    assert found.shell_origins[0] == "https://eu.fsm.cloud.sap"


def test_older_hosts_are_names_of_the_same_clusters() -> None:
    found = clusters(PORTAL_FSM_CLUSTERS="eu, us", PORTAL_FSM_OLDER_HOSTS="true")
    eu = found.of_label("eu")
    assert eu is not None
    assert eu.host == "eu.fsm.cloud.sap"
    assert found.of_host("eu.coresystems.net") == eu
    assert found.shell_origins == (
        "https://eu.fsm.cloud.sap", "https://eu.coresystems.net",
        "https://us.fsm.cloud.sap", "https://us.coresystems.net",
    )  # fmt: skip


def test_a_cluster_with_a_host_of_its_own() -> None:
    found = clusters(
        PORTAL_FSM_CLUSTERS="LAB=FSM.example.com:8443 eu=eu.coresystems.net",
        PORTAL_FSM_OLDER_HOSTS="true",
    )
    assert found.of_label("lab") == FsmCluster(label="lab", host="fsm.example.com", port=8443)
    assert found.hosts == ("fsm.example.com:8443", "eu.coresystems.net")
    assert found.of_host("fsm.example.com") is None


@pytest.mark.parametrize(
    "address",
    [
        "https://eu.fsm.cloud.sap", "eu.fsm.cloud.sap", "//eu.fsm.cloud.sap", "EU.FSM.cloud.sap/",
        "https://eu.fsm.cloud.sap:443/path?query", "eu.fsm.cloud.sap:443", " eu.fsm.cloud.sap. ",
        "http://eu.fsm.cloud.sap", "eu.fsm.cloud.sap//path", "HTTPS://eu.coresystems.net",
        "eu.coresystems.net:443",
    ],
)  # fmt: skip
@pytest.mark.parametrize("older", ["", "true"])
def test_an_address_of_a_cluster_may_be_written_in_many_ways(address: str, older: str) -> None:
    found = clusters(PORTAL_FSM_OLDER_HOSTS=older)
    assert found.of_url(address) == found.of_label("eu") is not None


@pytest.mark.parametrize(
    "address",
    [
        "", " ", "eu", "https://", "https://[", "https://eu.fsm.cloud.sap:x",
        "eu.fsm.cloud.sap:70000", "https://eu.fsm.cloud.sap:8443", "https://apps.eu.fsm.cloud.sap",
        "https://fsm.cloud.sap",
        "https://xx.fsm.cloud.sap", "https://eu.fsm.cloud.sap.example",
        "https://example/eu.fsm.cloud.sap",
        "https://eu.fsm.cloud.sap@example.com",
    ],
)  # fmt: skip
def test_an_address_of_no_known_cluster(address: str) -> None:
    assert clusters().of_url(address) is None


def test_an_address_of_a_cluster_with_a_host_of_its_own() -> None:
    found = clusters(
        PORTAL_FSM_CLUSTERS="lab=fsm.example.com:8443 eu=proxy.example de=us.fsm.cloud.sap"
    )
    assert found.of_url("FSM.example.com:8443") == found.of_label("lab") is not None
    assert found.of_url("https://fsm.example.com") is None
    # Its label says which one it is, although it is reached under another name.
    assert found.of_url("https://eu.fsm.cloud.sap") == found.of_label("eu") is not None
    for address in ("us.fsm.cloud.sap", "us.coresystems.net"):
        assert found.of_url(address) == found.of_label("de") is not None


@pytest.mark.parametrize(
    "text",
    [
        "eu eu", "https://eu.fsm.cloud.sap", "eu/x", "eu=a/b", "eu=host:0", "eu=host:65536", "-eu",
        "eu=", "eu=.a", "eu=u@host", " ".join(f"c{n}" for n in range(51)),
    ],
)  # fmt: skip
def test_what_is_no_list_of_clusters(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        clusters(PORTAL_FSM_CLUSTERS=text)
    assert caught.value.name == "PORTAL_FSM_CLUSTERS"


@pytest.mark.parametrize("text", ["ftp://proxy", "socks5h://proxy:1080", "http://", "http://a:x"])
def test_a_proxy_that_serves_other_programs_does_not_stop_the_portal(text: str) -> None:
    setting = Settings.from_environment({"HTTPS_PROXY": text}).fsm
    assert (setting.proxy, setting.has_unusable_proxy) == ("", True)


def test_without_a_proxy_none_is_unusable() -> None:
    setting = Settings.from_environment({}).fsm
    assert (setting.proxy, setting.has_unusable_proxy) == ("", False)


def test_the_proxy_may_have_a_name_in_small_letters() -> None:
    setting = Settings.from_environment({"https_proxy": "proxy:3128", "no_proxy": "a"}).fsm
    assert (setting.proxy, setting.no_proxy) == ("http://proxy:3128", "a")


@pytest.mark.parametrize("text", ["nowhere.pem", "pyproject.toml"])
def test_what_is_no_file_of_certificates(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        clusters(PORTAL_FSM_CA_FILE=text)
    assert caught.value.name == "PORTAL_FSM_CA_FILE"
