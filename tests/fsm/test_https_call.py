"""One call to a cluster: only there, only so long, only so much."""

import dataclasses
import socket
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from portal.fsm import Answer, CallError, CallProblem, FsmCluster, HttpsCaller
from portal.fsm.https_call import MAX_CALLS
from portal.outgoing.connections import Call, ask_directly
from tests.fsm_cluster import Cluster, Reply, running_proxy

OK = Reply(200, b"here", {"Content-Type": "Text/Plain; charset=utf-8"})


def call(caller: HttpsCaller, label: str = "eu", seconds: float = 5.0) -> Answer:
    found = caller.clusters.of_label(label)
    assert found is not None
    return caller.call(found, "GET", "/keys", seconds=seconds)


def problem(ask: Callable[[], object]) -> CallProblem:
    with pytest.raises(CallError) as caught:
        ask()
    return caught.value.problem


@pytest.fixture(autouse=True)
def plain(cluster: Cluster) -> None:
    cluster.reply, cluster.to_all = OK, True


def test_the_answer_is_there(cluster: Cluster) -> None:
    answer = call(HttpsCaller(cluster.setting()))
    assert answer == Answer(status=200, content_type="text/plain", body=b"here")


def test_only_clusters_of_the_setting_are_asked(cluster: Cluster) -> None:
    caller = HttpsCaller(cluster.setting())
    for other in (
        FsmCluster(label="eu", host="localhost", port=cluster.port + 1),
        FsmCluster(label="xx", host="localhost", port=cluster.port),
    ):
        with pytest.raises(ValueError, match="no cluster"):
            caller.call(other, "GET", "/")
    assert cluster.asked == []


def test_a_name_that_leads_into_an_inner_network_is_refused(cluster: Cluster) -> None:
    setting = dataclasses.replace(cluster.setting(), private_addresses=False)
    assert problem(lambda: call(HttpsCaller(setting))) is CallProblem.PRIVATE
    assert cluster.asked == []


def test_the_connection_goes_to_the_address_that_was_checked(cluster: Cluster) -> None:
    """The name leads to 127.0.0.1, where the cluster is. It is not looked up again."""
    (found,) = (HttpsCaller(cluster.setting()).clusters.of_label("eu"),)
    assert found is not None
    asked = Call(
        host=found.host, port=found.port, method="GET", path="/", headers={}, body=b"",
        ends=time.monotonic() + 5,
    )  # fmt: skip
    context = ssl.create_default_context(cafile=cluster.ca_file)
    assert problem(lambda: ask_directly(asked, ["127.0.0.2"], context)) is CallProblem.UNREACHABLE
    assert cluster.asked == []
    # Another address of the same name is tried then.
    assert ask_directly(asked, ["127.0.0.2", "127.0.0.1"], context).body == b"here"


def test_the_certificate_has_to_be_that_of_the_host(cluster: Cluster) -> None:
    # The certificate is of `localhost`, not of its address.
    others = f"eu=127.0.0.1:{cluster.port}"
    caller = HttpsCaller(cluster.setting(PORTAL_FSM_CLUSTERS=others))
    assert problem(lambda: call(caller)) is CallProblem.CERTIFICATE
    setting = dataclasses.replace(cluster.setting(), ca_file=None)
    assert problem(lambda: call(HttpsCaller(setting))) is CallProblem.CERTIFICATE
    assert cluster.asked == []


def test_a_cluster_that_is_down(cluster: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    others = f"eu=localhost:{port} xx=nowhere.invalid"
    caller = HttpsCaller(cluster.setting(PORTAL_FSM_CLUSTERS=others))
    assert problem(lambda: call(caller)) is CallProblem.UNREACHABLE


@pytest.mark.parametrize(
    "beginning",
    [b"", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"],
)
def test_a_byte_now_and_then_does_not_make_it_longer(cluster: Cluster, beginning: bytes) -> None:
    cluster.reply = Reply(raw=beginning, drips=True)
    caller = HttpsCaller(cluster.setting())
    assert problem(lambda: call(caller, seconds=0.5)) is CallProblem.SLOW
    # Not only whoever waits is gone: the place is free again soon.
    for thread in [each for each in threading.enumerate() if each.name == "fsm-call"]:
        thread.join(2)
        assert not thread.is_alive()


def test_a_cluster_that_never_begins_tls(cluster: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        others = f"eu=localhost:{silent.getsockname()[1]}"
        caller = HttpsCaller(cluster.setting(PORTAL_FSM_CLUSTERS=others))
        begun = time.monotonic()
        assert problem(lambda: call(caller, seconds=0.2)) is CallProblem.SLOW
        assert time.monotonic() - begun < 2


def test_few_run_at_a_time_and_one_more_is_refused_at_once(cluster: Cluster) -> None:
    cluster.reply = Reply(raw=b"")
    caller = HttpsCaller(cluster.setting())
    problems: list[CallProblem] = []
    threads = [
        threading.Thread(target=lambda: problems.append(problem(lambda: call(caller, seconds=1.5))))
        for _ in range(MAX_CALLS)
    ]
    for thread in threads:
        thread.start()
    # Each has its place once the cluster has its request.
    while len(cluster.asked) < MAX_CALLS:
        threading.Event().wait(0.005)
    assert problem(lambda: call(caller)) is CallProblem.BUSY
    for thread in threads:
        thread.join()
    assert problems == [CallProblem.SLOW] * MAX_CALLS
    assert len(cluster.asked) == MAX_CALLS


def test_without_time_nothing_is_sent(cluster: Cluster) -> None:
    caller = HttpsCaller(cluster.setting())
    for seconds in (0, -1.5):
        assert problem(partial(call, caller, seconds=seconds)) is CallProblem.SLOW
    # No place was taken, and the next one is answered.
    assert call(caller).status == 200
    assert len(cluster.asked) == 1


def test_places_are_free_again(cluster: Cluster) -> None:
    caller = HttpsCaller(cluster.setting())
    for _ in range(MAX_CALLS + 1):
        assert call(caller).status == 200


def test_through_a_proxy(cluster: Cluster) -> None:
    with running_proxy(cluster.port) as (port, asked):
        # Nobody but the proxy knows this name, and only the proxy knows where it is.
        proxied = cluster.setting(
            PORTAL_FSM_PRIVATE_ADDRESSES="",
            HTTPS_PROXY=f"http://ann:p%40ss@localhost:{port}",
        )
        assert call(HttpsCaller(proxied)).body == b"here"
        assert asked == [f"localhost:{cluster.port} ann:p@ss"]
        assert "Proxy-Authorization" not in cluster.asked[0].headers
        assert "p%40ss" not in repr(proxied)


@pytest.mark.parametrize("name", ["localhost", "*", ".localhost", "example.com, LOCALHOST"])
def test_around_the_proxy(cluster: Cluster, name: str) -> None:
    setting = cluster.setting(HTTPS_PROXY="http://localhost:1", NO_PROXY=name)
    assert call(HttpsCaller(setting)).body == b"here"


def test_a_proxy_that_is_none_for_https_is_not_gone_around(cluster: Cluster) -> None:
    setting = cluster.setting(HTTPS_PROXY="socks5h://localhost:1080", NO_PROXY="")
    assert problem(lambda: call(HttpsCaller(setting))) is CallProblem.UNREACHABLE
    assert cluster.asked == []
    around = cluster.setting(HTTPS_PROXY="socks5h://localhost:1080", NO_PROXY="localhost")
    assert call(HttpsCaller(around)).body == b"here"


def test_the_proxy_is_down_or_its_certificate_is_another(cluster: Cluster) -> None:
    setting = cluster.setting(HTTPS_PROXY="http://localhost:1", NO_PROXY="host, xlocalhost")
    assert problem(lambda: call(HttpsCaller(setting))) is CallProblem.UNREACHABLE
    with running_proxy(cluster.port) as (port, _asked):
        setting = cluster.setting(HTTPS_PROXY=f"localhost:{port}", PORTAL_FSM_CLUSTERS="eu")
        # It leads to somebody who is not eu.fsm.cloud.sap.
        assert problem(lambda: call(HttpsCaller(setting))) is CallProblem.CERTIFICATE
    assert cluster.asked == []
