"""The keys of a cluster: read once, again for an unknown one, and kept while it does not answer."""

import threading
from queue import Empty, Queue
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from portal.fsm import HttpsCaller
from portal.fsm.cluster_keys import ClusterKeys, KeysError
from portal.fsm.https_call import MAX_CALLS
from portal.fsm_setting import FsmCluster
from tests.fsm.conftest import Seconds
from tests.fsm.shell_tokens import KEY, KEYS_PATH, OTHER_KEY, asked, publish, reply
from tests.fsm_cluster import Asked, Cluster, Reply

HOUR = 3600
PUBLIC = KEY.as_dict(private=False)


@pytest.fixture
def eu(caller: HttpsCaller) -> FsmCluster:
    found = caller.clusters.of_label("eu")
    assert found is not None
    return found


def ids(keys: list[RSAKey]) -> list[str | None]:
    return [key.kid for key in keys]


def test_keys_are_asked_for_once_an_hour(
    keys: ClusterKeys, seconds: Seconds, cluster: Cluster, eu: FsmCluster
) -> None:
    for _ in range(3):
        assert ids(keys.of(eu, "one")) == ["one"]
        seconds.now += HOUR / 3 - 1
    assert asked(cluster) == [f"GET {KEYS_PATH}"]
    seconds.now += 3
    assert ids(keys.of(eu, "one")) == ["one"]
    assert asked(cluster) == [f"GET {KEYS_PATH}"] * 2


def test_a_new_key_is_found_within_a_minute_and_an_unknown_one_costs_one_call_a_minute(
    keys: ClusterKeys, seconds: Seconds, cluster: Cluster, eu: FsmCluster
) -> None:
    assert ids(keys.of(eu, "one")) == ["one"]
    publish(cluster, KEY, OTHER_KEY)
    seconds.now += 59
    assert keys.of(eu, "two") == []
    assert len(cluster.asked) == 1
    seconds.now += 1
    assert ids(keys.of(eu, "two")) == ["two"]
    assert ids(keys.of(eu, None)) == ["one", "two"]
    for _ in range(59):
        assert keys.of(eu, "made up") == []
        seconds.now += 1
    assert len(cluster.asked) == 2
    seconds.now += 1
    assert keys.of(eu, "made up") == []
    assert len(cluster.asked) == 3


def test_a_key_that_is_withdrawn_counts_for_an_hour_at_most(
    keys: ClusterKeys, seconds: Seconds, cluster: Cluster, eu: FsmCluster
) -> None:
    assert ids(keys.of(eu, "one")) == ["one"]
    publish(cluster, OTHER_KEY)
    seconds.now += HOUR
    assert keys.of(eu, "one") == []


BAD_ANSWERS = [
    pytest.param(Reply(500, b"{}"), id="500"),
    pytest.param(Reply(404, b"{}"), id="404"),
    pytest.param(Reply(302, headers={"Location": "/elsewhere"}), id="redirect"),
    pytest.param(Reply(200, b"<!doctype html><title>Sign in</title>"), id="HTML"),
    pytest.param(Reply(200, b'{"keys": [' + b"{}," * 40_000 + b"{}]}"), id="huge"),
    pytest.param(Reply(200, b"[" * 9000), id="deep"),
    pytest.param(Reply(200, b""), id="empty"),
    pytest.param(Reply(200, b"\xff\xfe"), id="no text"),
    pytest.param(Reply(200, b'{"keys": {}}'), id="no list"),
    pytest.param(Reply(200, b'{"keys": []}'), id="no key"),
    pytest.param(Reply(200, b'[{"kty": "RSA"}]'), id="no set"),
]


@pytest.mark.parametrize("bad", BAD_ANSWERS)
def test_an_answer_without_keys_is_none_and_is_not_asked_for_again_at_once(
    keys: ClusterKeys,
    seconds: Seconds,
    cluster: Cluster,
    eu: FsmCluster,
    bad: Reply,
) -> None:
    reply(cluster, bad)
    for _ in range(10):
        with pytest.raises(KeysError):
            keys.of(eu, "one")
        seconds.now += 1
    assert asked(cluster) == [f"GET {KEYS_PATH}"]
    publish(cluster, KEY)
    assert ids(keys.of(eu, "one")) == ["one"]


@pytest.mark.parametrize("bad", BAD_ANSWERS)
def test_known_keys_outlive_bad_answers_by_a_day(
    keys: ClusterKeys,
    seconds: Seconds,
    cluster: Cluster,
    eu: FsmCluster,
    bad: Reply,
) -> None:
    assert keys.of(eu, "one")
    reply(cluster, bad)
    seconds.now += 24 * HOUR - 1
    assert ids(keys.of(eu, "one")) == ["one"]
    seconds.now += 20
    with pytest.raises(KeysError):
        keys.of(eu, "one")
    assert len(cluster.asked) == 3


def test_where_nobody_listens_there_are_no_keys(keys: ClusterKeys, caller: HttpsCaller) -> None:
    down = caller.clusters.of_label("de")
    assert down is not None
    with pytest.raises(KeysError):
        keys.of(down, "one")


def test_only_keys_that_can_have_signed_by_rs256_count(
    keys: ClusterKeys, cluster: Cluster, eu: FsmCluster
) -> None:
    short = {**PUBLIC, "n": PUBLIC["n"][:170], "kid": "short"}
    strange: list[Any] = [
        "text", None, {}, {"kty": "RSA"}, {"kty": "RSA", "n": 7, "e": "AQAB"},
        {"kty": "oct", "k": "YQ", "kid": "shared"},
        {**PUBLIC, "use": "enc", "kid": "enc"},
        {**PUBLIC, "alg": "PS256", "kid": "PS256"},
        {**PUBLIC, "n": PUBLIC["n"] * 5, "kid": "long"},
        {**PUBLIC, "kid": 7},
        short,
        ECKey.generate_key("P-256", {"kid": "EC"}).as_dict(private=False),
    ]  # fmt: skip
    publish(cluster, *strange, {**PUBLIC, "alg": "RS256", "x5t": "abc"}, {"kty": "RSA", "n": "%"})
    assert ids(keys.of(eu, None)) == ["one"]


def test_of_private_keys_only_the_public_part_is_kept(
    keys: ClusterKeys, cluster: Cluster, eu: FsmCluster
) -> None:
    publish(cluster, KEY.as_dict(private=True))
    (found,) = keys.of(eu, "one")
    assert not found.is_private


class Held:
    """The cluster takes its time to answer: until `go_on` is set."""

    def __init__(self, cluster: Cluster) -> None:
        self.asking, self.go_on = threading.Event(), threading.Event()
        self._answer = cluster.answer
        cluster.answer = self  # type: ignore[assignment,method-assign]

    def __call__(self, request: Asked) -> Reply:
        answer = self._answer(request)
        self.asking.set()
        assert self.go_on.wait(20)
        return answer


class Requests:
    """Requests that ask for keys at the same time, each in a thread of its own."""

    def __init__(self, keys: ClusterKeys, eu: FsmCluster) -> None:
        self._keys, self._eu = keys, eu
        self.done: Queue[list[str | None] | None] = Queue()
        self._threads: list[threading.Thread] = []

    def start(self, key_id: str, count: int = 1) -> None:
        for _ in range(count):
            thread = threading.Thread(target=self._ask, args=(key_id,))
            thread.start()
            self._threads.append(thread)

    def results(self) -> list[list[str | None] | None]:
        """Of all; `None`: an error."""
        return [self.done.get(timeout=20) for _ in self._threads]

    def _ask(self, key_id: str) -> None:
        try:
            self.done.put(ids(self._keys.of(self._eu, key_id)))
        except KeysError:
            self.done.put(None)


@pytest.fixture
def requests(keys: ClusterKeys, eu: FsmCluster) -> Requests:
    return Requests(keys, eu)


def test_whoever_has_no_key_waits_for_the_answer_to_another_request(
    requests: Requests, cluster: Cluster
) -> None:
    held = Held(cluster)
    requests.start("one")
    assert held.asking.wait(20)
    requests.start("one", 2)
    # Both wait: nobody has been told that there is no key.
    with pytest.raises(Empty):
        requests.done.get(timeout=0.2)
    held.go_on.set()
    assert requests.results() == [["one"]] * 3
    assert len(cluster.asked) == 1


def test_a_few_wait_and_one_more_has_no_key_at_once(requests: Requests, cluster: Cluster) -> None:
    held = Held(cluster)
    requests.start("one")
    assert held.asking.wait(20)
    requests.start("one", 5)
    assert requests.done.get(timeout=2) is None
    with pytest.raises(Empty):
        requests.done.get(timeout=0.2)
    held.go_on.set()
    assert [requests.done.get(timeout=20) for _ in range(5)] == [["one"]] * 5
    assert len(cluster.asked) == 1


def test_those_who_wait_ask_no_cluster_again_that_has_just_failed(
    requests: Requests, cluster: Cluster
) -> None:
    reply(cluster, Reply(503))
    held = Held(cluster)
    requests.start("one")
    assert held.asking.wait(20)
    requests.start("one", 3)
    with pytest.raises(Empty):
        requests.done.get(timeout=0.2)
    held.go_on.set()
    assert requests.results() == [None] * 4
    assert len(cluster.asked) == 1


def test_a_new_key_is_waited_for_and_a_known_one_is_not(
    keys: ClusterKeys, requests: Requests, seconds: Seconds, cluster: Cluster, eu: FsmCluster
) -> None:
    assert ids(keys.of(eu, "one")) == ["one"]
    seconds.now += HOUR
    publish(cluster, KEY, OTHER_KEY)
    held = Held(cluster)
    requests.start("two")
    assert held.asking.wait(20)
    requests.start("two")
    with pytest.raises(Empty):
        requests.done.get(timeout=0.2)
    # Those of before count as long as the answer has not come.
    assert ids(keys.of(eu, "one")) == ["one"]
    held.go_on.set()
    assert requests.results() == [["two"]] * 2
    assert len(cluster.asked) == 2


def test_where_too_many_calls_run_the_next_request_asks_the_cluster(
    caller: HttpsCaller, keys: ClusterKeys, cluster: Cluster, eu: FsmCluster
) -> None:
    held = Held(cluster)
    others = [threading.Thread(target=caller.call, args=(eu, "GET", "/")) for _ in range(MAX_CALLS)]
    for each in others:
        each.start()
    while len(cluster.asked) < MAX_CALLS:
        assert held.asking.wait(20)
    with pytest.raises(KeysError):
        keys.of(eu, "one")
    held.go_on.set()
    for each in others:
        each.join(20)
    assert ids(keys.of(eu, "one")) == ["one"]
