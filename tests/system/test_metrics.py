"""GET /metrics: what is counted, in a form that Prometheus takes, and who may see it."""

import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from claims import check_problem, own_headers
from hook_support import Namespaces
from nginx import Nginx, group
from socketmap import address, ask
from support import MESSAGE, PROBES, until

TESTS, METRICS = "/api/tests", "/metrics"
CLEAR = MESSAGE.replace(b"ESMTPS", b"ESMTP")
CLEAR = re.sub(rb"\t\(using.*\n.*\n\t\(No client.*\n", b"", CLEAR)
RESULTS = ("waiting", "running", "dane", "dane-only", "broken", "no-dane", "no-tls")


def check_metrics(answer):
    """An answer that is metrics; returns {name{labels}: value}."""
    assert answer.status == 200, answer
    assert own_headers(answer) == {
        "content-type": "text/plain; version=0.0.4", "content-length": str(len(answer.body)),
        "cache-control": "no-store", "x-content-type-options": "nosniff"}
    samples = {}
    for line in answer.body.decode("ascii").splitlines():
        if line.startswith("#"):
            continue
        name, value = re.fullmatch(r"([a-z_]+(?:\{.*\})?) (\d+(?:\.\d+)?)", line).groups()
        assert name not in samples
        samples[name] = float(value)
    return samples


def metrics(service):
    return check_metrics(service.request("GET", METRICS))


@pytest.fixture
def alias_socket(place):
    path = place.dir / "alias.sock"
    place.configure(postfix={"socket": path})
    return path


def create(service):
    return service.request("POST", TESTS).json()["alias"]


# --- the form

def test_promtool_finds_nothing(place, alias_socket):
    """Neither at the first moment nor when there is something of everything."""
    service = place.start()

    def check():
        text = service.request("GET", METRICS).body
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done
    check()
    alias = create(service)
    assert place.hook(f"{alias}@do") == place.hook(f"{alias}@dont", CLEAR) == 0
    place.sql("UPDATE deliveries SET tls_protocol = ? WHERE tls_protocol IS NOT NULL", 'odd "one"\\\n{}')
    ask(alias_socket, address(alias, "wrong"))
    service.request("PATCH", "/nowhere")
    check()


def test_each_metric_is_described(place):
    text = place.start().request("GET", METRICS).body.decode("ascii")
    described = re.findall(r"^# HELP (\w+) .+\n# TYPE \1 (counter|gauge|histogram)$", text, re.MULTILINE)
    names = [name for name, _ in described]
    assert len(set(names)) == len(names)
    samples = set(re.findall(r"^(\w+)", text, re.MULTILINE))
    samples = {re.sub(r"(seconds)_(bucket|sum|count)$", r"\1", name) for name in samples}
    assert samples <= set(names)
    assert set(names) - samples <= {"havedane_deliveries"}, "a counter is not there from the first moment"


def test_head(place):
    service = place.start()
    head = service.request("HEAD", METRICS)
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) > 1000
    assert service.request("POST", METRICS).headers["allow"] == "GET, HEAD"


# --- the values

def test_build_and_start(place):
    version = subprocess.run([place.prefix / "sbin/havedane-fcgi", "--version"], capture_output=True, text=True,
                             check=True).stdout.split()[1]
    before = time.time()
    seen = metrics(place.start())
    assert seen[f'havedane_build_info{{version="{version}"}}'] == 1
    assert before - 1 <= seen["process_start_time_seconds"] <= time.time()


def test_requests(place):
    service = place.start()
    before = metrics(service)
    alias = create(service)
    for _ in range(2):
        service.request("GET", f"{TESTS}/{alias}")
    service.request("GET", f"{TESTS}/{alias}?query", {"If-None-Match": "*"})
    service.request("HEAD", f"{TESTS}/{'a' * 16}")
    service.request("GET", f"{TESTS}/x")
    service.request("GET", f"/t/{alias}")
    service.request("DELETE", f"{TESTS}/{alias}")
    service.request("PUT", TESTS)
    service.request("POST", TESTS, body=b"x" * 70_000)
    for path in ("/", "/other", f"/x/{alias}", '/"\\\n'):
        service.request("GET", path)
    after = metrics(service)

    def grown(route, method, status):
        name = f'havedane_http_requests_total{{route="{route}",method="{method}",status="{status}"}}'
        return after.get(name, 0) - before.get(name, 0)
    assert grown("/api/tests", "POST", 201) == 1
    assert grown("/api/tests", "POST", 413) == 1
    assert grown("/api/tests", "other", 405) == 1
    assert grown("/api/tests/*", "GET", 200) == 2
    assert grown("/api/tests/*", "GET", 304) == 1
    assert grown("/api/tests/*", "GET", 400) == 1
    assert grown("/api/tests/*", "HEAD", 404) == 1
    assert grown("/api/tests/*", "DELETE", 204) == 1
    assert grown("/t/*", "GET", 200) == 1
    assert grown("other", "GET", 404) == 4
    assert grown("/metrics", "GET", 200) == 1, "the one before"
    assert not any(alias in name for name in after), "an alias is nobody's business"
    count = "havedane_http_request_duration_seconds_count"
    assert after[count] - before[count] == 15
    assert after[count] == sum(value for name, value in after.items() if name.startswith("havedane_http_requests_total"))
    assert after[count] == after['havedane_http_request_duration_seconds_bucket{le="+Inf"}']
    buckets = [value for name, value in after.items() if "_bucket" in name]
    assert buckets == sorted(buckets)
    assert 0 < after["havedane_http_request_duration_seconds_sum"] < 14 * 60


def test_tests_and_deliveries(place):
    """Gauges are what is in the store now, whoever put it there."""
    service = place.start()
    aliases = [create(service) for _ in range(3)]
    for alias in aliases[:2]:
        assert place.hook(f"{alias}@do") == 0
    assert place.hook(f"{aliases[0]}@wrong", CLEAR) == 0

    def check(live, do, wrong):
        seen = metrics(service)
        assert seen["havedane_tests_live"] == live
        found = {name: value for name, value in seen.items() if name.startswith("havedane_deliveries")}
        wanted = {'havedane_deliveries{probe="do",transport="tls",tls_protocol="TLSv1.3"}': do,
                  'havedane_deliveries{probe="wrong",transport="clear",tls_protocol=""}': wrong}
        assert found == {name: value for name, value in wanted.items() if value}
        return seen
    assert check(3, 2, 1)["havedane_tests_created_total"] == 3
    service.request("DELETE", f"{TESTS}/{aliases[0]}")
    assert check(2, 1, 0)["havedane_tests_created_total"] == 3


def test_purge_and_verdicts(place, alias_socket):
    """A verdict is counted as it was when the test expired."""
    place.configure(test={"grace": "1s", "settle": "1s", "retention": "1h"}, postfix={"socket": alias_socket})
    service = place.start()
    deliveries = {"waiting": [], "running": [("do", MESSAGE), ("dont", MESSAGE), ("wrong", None)], "dane": [("do", MESSAGE), ("dont", MESSAGE)], "dane-only": [("do", MESSAGE)],
                  "broken": [("dont", MESSAGE)], "no-dane": [("do", MESSAGE), ("wrong", MESSAGE)],
                  "no-tls": [("wrong", CLEAR)]}
    for number, arrived in enumerate(deliveries.values()):
        for _ in range(number + 1):
            alias = create(service)
            for probe, message in arrived:
                if message is None:
                    assert ask(alias_socket, address(alias, probe)).startswith("OK")
                else:
                    assert place.hook(f"{alias}@{probe}", message) == 0
            place.backdate(alias, 3600 + 10)
    kept = create(service)
    assert service.stop() == 0
    service = place.start()
    until(lambda: metrics(service)['havedane_purge_runs_total{result="ok"}'] == 1, "the purge")
    seen = metrics(service)
    assert {result: seen[f'havedane_verdicts_total{{result="{result}"}}'] for result in RESULTS} == {
        result: number + 1 for number, result in enumerate(deliveries)}
    assert seen["havedane_tests_purged_total"] == sum(range(1, len(deliveries) + 1))
    assert seen["havedane_tests_live"] == 1
    assert place.sql("SELECT alias FROM tests") == [(kept,)]


def test_purge_that_fails(place):
    place.sql("INSERT INTO tests (alias, created) VALUES ('aaaaaaaaaaaaaaaa', 1)")
    place.sql("CREATE TRIGGER refuse BEFORE DELETE ON tests BEGIN SELECT RAISE(FAIL, 'disk full'); END")
    service = place.start()
    until(lambda: metrics(service)['havedane_purge_runs_total{result="error"}'] == 1, "the purge")
    seen = metrics(service)
    assert seen["havedane_tests_purged_total"] == seen['havedane_verdicts_total{result="waiting"}'] == 0


def test_look_ups(place, alias_socket):
    service = place.start()
    alias = create(service)
    for probe in ("do", "dont", "wrong", "wrong"):
        ask(alias_socket, address(alias, probe))
    for key in (address("a" * 16), address("a" * 16, "wrong"), "x"):
        ask(alias_socket, key)
    ask(alias_socket, address(alias), "other")
    place.sql("ALTER TABLE tests RENAME TO gone")
    for probe in ("do", "wrong"):
        ask(alias_socket, address(alias, probe))
    place.sql("ALTER TABLE gone RENAME TO tests")
    seen = metrics(service)
    assert {result: seen[f'havedane_alias_lookups_total{{result="{result}"}}']
            for result in ("ok", "notfound", "temp", "perm")} == {"ok": 4, "notfound": 3, "temp": 2, "perm": 1}
    assert seen["havedane_offers_total"] == 1


def test_what_survives(place):
    """A reload: everything. A restart: what is in the store."""
    service = place.start()
    alias = create(service)
    assert place.hook(f"{alias}@do") == 0
    before = metrics(service)
    service.send(signal.SIGHUP)
    until(lambda: "reloaded" in service.log, "the reload")
    after = metrics(service)
    assert after["havedane_tests_created_total"] == 1
    assert after["process_start_time_seconds"] == before["process_start_time_seconds"]
    assert after["havedane_http_request_duration_seconds_count"] > before["havedane_http_request_duration_seconds_count"]
    assert service.stop() == 0
    service = place.start()
    fresh = metrics(service)
    assert fresh["havedane_tests_created_total"] == 0
    assert fresh["havedane_tests_live"] == 1
    assert fresh['havedane_deliveries{probe="do",transport="tls",tls_protocol="TLSv1.3"}'] == 1
    assert fresh["process_start_time_seconds"] > before["process_start_time_seconds"]


def test_store_trouble(place):
    """503 as on every route, not half of the metrics."""
    service = place.start()
    for table in ("live", "deliveries"):
        place.sql(f"ALTER TABLE {table} RENAME TO gone")
        check_problem(service.request("GET", METRICS), 503)
        place.sql(f"ALTER TABLE gone RENAME TO {table}")
        seen = metrics(service)
        assert seen['havedane_http_requests_total{route="/metrics",method="GET",status="503"}'] >= 1


@pytest.mark.threads
def test_all_at_once(place, alias_socket):
    """Nothing that is counted is lost while it is read."""
    service = place.start()
    alias = create(service)

    def use(number):
        assert service.request("GET", f"{TESTS}/{alias}").status == 200
        assert ask(alias_socket, address(alias, PROBES[number % 3])).startswith("OK")
        return metrics(service)["havedane_http_request_duration_seconds_count"]

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(use, range(90)))) > 1
    until(lambda: service.connections(2) == 0, "the service to be idle")
    seen = metrics(service)
    assert seen['havedane_alias_lookups_total{result="ok"}'] == 90
    assert seen['havedane_http_requests_total{route="/api/tests/*",method="GET",status="200"}'] == 90
    assert seen['havedane_http_requests_total{route="/metrics",method="GET",status="200"}'] == 90


# --- through nginx

OTHER = "192.0.2.1"  # an address of this host that is not loopback


class Network:
    """nginx on port 80 of a network of its own, in which this host has another address, too."""

    def __init__(self, place):
        self.namespaces = Namespaces("net", prepare=f"ip link set lo up; ip addr add {OTHER}/32 dev lo")
        self.nginx = Nginx(place.prefix, place.dir / "nginx", place.socket, self.namespaces)

    def get(self, host, path):
        """(status, body) of a request; from and to the same address, as it is this host's."""
        code = ("import http.client, sys\n"
                "connection = http.client.HTTPConnection(sys.argv[1], 80, timeout=30)\n"
                "connection.request('GET', sys.argv[2])\n"
                "answer = connection.getresponse()\n"
                "sys.stdout.write(f'{answer.status}\\n{answer.read().decode()}')\n")
        printed = self.namespaces.run("/usr/bin/python3", "-I", "-c", code, host, path).stdout
        status, _, body = printed.partition("\n")
        return int(status), body

    def close(self):
        self.nginx.stop()
        self.namespaces.close()


@pytest.fixture
def network(place):
    place.configure(fastcgi={"group": group()})
    place.start()
    network = Network(place)
    yield network
    network.close()


def test_only_this_host_sees_them(network):
    for host in ("127.0.0.1", "::1"):
        status, body = network.get(host, METRICS)
        assert status == 200 and "havedane_build_info" in body
        assert network.get(host, METRICS + "?x=y")[0] == 200
    status, body = network.get(OTHER, METRICS)
    assert status == 403 and "havedane" not in body.lower().replace("havedane.", "")
    assert network.get(OTHER, METRICS + "?x")[0] == 403
    assert network.get(OTHER, "//metrics")[0] == 403
    assert network.get(OTHER, "/%6detrics")[0] == 403
    for path in ("/metrics/", "/metricsx", "/Metrics", "/api/metrics", "/api/../metrics"):
        assert "havedane_build_info" not in network.get(OTHER, path)[1]
    assert network.get(OTHER, "/api/health")[0] == 200
