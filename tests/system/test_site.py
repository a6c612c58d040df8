"""The sites for nginx: headers, compression and caching of each kind of file; https."""

import gzip
import re
import subprocess

import pytest

from claims import OF_SITE, check_answer
from nginx import Nginx, group
from support import DOMAIN, Place

SAID = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                               "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                               "require-trusted-types-for 'script'",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
HSTS = "strict-transport-security"
OF_ASSETS = {"cross-origin-resource-policy", "x-content-type-options"}
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml; charset=utf-8"}
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture(scope="module")
def www(prefix):
    return prefix / "share/havedane/www"


@pytest.fixture(scope="module")
def files(www):
    """Every file of the page, by the path in its URL."""
    found = {f"/{path.relative_to(www)}": path for path in sorted(www.rglob("*")) if path.suffix in TYPES}
    assert {"/index.html", "/style.css", "/havedane.js"} <= found.keys()
    return {"/": www / "index.html", **found}


@pytest.fixture(scope="module")
def secure(prefix, tmp_path_factory):
    """The site for https, with a service of its own."""
    place = Place(prefix).init()
    try:
        place.configure(fastcgi={"group": group()})
        place.start()
        tls = tmp_path_factory.mktemp("tls")
        subprocess.run([prefix / "sbin/havedane", "-c", place.conf, "cert", "--dir", tls], check=True)
        nginx = Nginx(prefix, place.dir / "nginx", place.socket, tls=tls)
        yield nginx
        nginx.stop()
    finally:
        place.close()


def is_asset(path):
    return path.endswith((".js", ".css"))


def check_headers(answer, path):
    """That an answer has the headers that its kind has, each once (or the client would complain)."""
    wanted = OF_ASSETS if is_asset(path) else SAID.keys()
    assert {name: answer.headers.get(name) for name in SAID} == {
        name: value if name in wanted else None for name, value in SAID.items()}, path
    assert ("permissions-policy" in answer.headers) == (not is_asset(path)), path


# Headers


def test_every_file_is_typed_and_protected(site, files):
    for path, file in files.items():
        for headers in ({}, GZIP):
            answer = site.nginx.request("GET", path, headers)
            assert answer.status == 200, path
            check_headers(answer, path)
            assert answer.headers["content-type"] == TYPES[file.suffix], path
            assert answer.headers["cache-control"] == ("max-age=3600" if path.endswith(".svg") else "no-cache"), path
            assert HSTS not in answer.headers, path


@pytest.mark.parametrize("path", ["/api/health", "/api/tests/aaaaaaaaaaaaaaaa", "/api/nothing", "/api/tests/havedane.js",
                                  "/t/aaaaaaaaaaaaaaaa", "/t/havedane.js", "/t"])
def test_the_api_is_protected_by_each_header_once(site, path):
    answer = site.nginx.request("GET", path)
    assert answer.headers["content-type"].startswith("application/")  # the service's answer
    check_headers(answer, path.replace(".js", ""))
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method, path, headers, status", [
    ("GET", "/missing", {}, 404), ("GET", "/missing.js", {}, 404), ("GET", "/lang/", {}, 403), ("POST", "/", {}, 405),
    ("POST", "/style.css", {}, 405), ("GET", "/favicon.ico", {}, 204), ("GET", "/api/tests", {"X-Long": "x" * 40000}, 400),
    ("GET", f"/{'a' * 65_000}", {}, 414)], ids=lambda value: str(value)[:12])
def test_answers_of_nginx_itself_are_protected(site, method, path, headers, status):
    answer = site.nginx.request(method, path, headers)
    assert answer.status == status
    check_headers(answer, path)


def test_permissions_are_denied_but_for_copying(site):
    policy = site.nginx.request("GET", "/").headers["permissions-policy"].split(", ")
    assert "clipboard-write=(self)" in policy and {"camera=()", "geolocation=()", "microphone=()"} <= set(policy)
    assert all(re.fullmatch(r"[a-z-]+=\(\)", part) for part in policy if part != "clipboard-write=(self)")


def test_version_of_nginx_is_not_told(site):
    for path in ("/", "/missing", "/api/health"):
        answer = site.nginx.request("GET", path)
        assert answer.headers["server"] == "nginx"
        assert b"nginx/" not in answer.body


# Compression and caching


def test_every_file_is_served_compressed_as_it_was_built(site, files):
    for path, file in files.items():
        answer = site.nginx.request("GET", path, GZIP)
        assert answer.headers["content-encoding"] == "gzip", path
        assert answer.headers["vary"] == "Accept-Encoding", path
        assert answer.body == (file.parent / f"{file.name}.gz").read_bytes(), path
        assert gzip.decompress(answer.body) == file.read_bytes(), path


def test_every_file_is_served_plain_to_who_asks_so(site, files):
    for path, file in files.items():
        for headers in ({}, {"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip;q=0"}):
            answer = site.nginx.request("GET", path, headers)
            assert "content-encoding" not in answer.headers, path
            assert answer.headers["vary"] == "Accept-Encoding", path
            assert answer.body == file.read_bytes(), path


def test_each_encoding_has_a_strong_etag_of_its_own(site, files):
    for path in files:
        tags = []
        for headers in ({}, GZIP):
            tag = site.nginx.request("GET", path, headers).headers["etag"]
            assert re.fullmatch('"[^"]+"', tag), f"{path}: {tag} is weak, or none"
            answer = site.nginx.request("GET", path, {**headers, "If-None-Match": tag})
            assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag), path
            assert answer.headers["vary"] == "Accept-Encoding", path
            assert ("cache-control" in answer.headers) and "no-store" not in answer.headers["cache-control"], path
            tags.append(tag)
        assert tags[0] != tags[1], path
        assert site.nginx.request("GET", path, {**GZIP, "If-None-Match": tags[0]}).status == 200, path


def test_behind_a_proxy_it_is_compressed_too(site):
    assert site.nginx.request("GET", "/style.css", {**GZIP, "Via": "1.1 cache"}).headers["content-encoding"] == "gzip"


def test_nothing_is_compressed_twice(site, files):
    for path in files:
        if path != "/":
            answer = site.nginx.request("GET", f"{path}.gz", GZIP)
            assert "content-encoding" not in answer.headers and answer.body[:2] == b"\x1f\x8b", path


def test_answers_of_the_api_keep_their_strong_etag(site):
    """Also where the http block has compression on, for this type."""
    created = site.nginx.request("POST", "/api/tests")
    where = created.headers["location"]
    plain = site.nginx.request("GET", where)
    nginx = Nginx(site.place.prefix, site.place.dir / "compressing", site.place.socket,
                  more="gzip on; gzip_types *; gzip_min_length 1;")
    try:
        answer = check_answer(nginx.request("GET", where, GZIP), 200)
        assert answer.headers["etag"] == plain.headers["etag"] and answer.headers["etag"].startswith('"')
        assert nginx.request("GET", where, {**GZIP, "If-None-Match": answer.headers["etag"]}).status == 304
        assert nginx.request("GET", "/missing", GZIP).headers.get("content-encoding") is None
    finally:
        nginx.stop()
    check_answer(site.nginx.request("DELETE", where), 204)


# https


def test_by_https_every_document_and_answer_says_so(secure, files):
    for path in [*files, "/api/health", "/missing", "/api/nothing"]:
        answer = secure.request("GET", path, GZIP, tls=True)
        check_headers(answer, path)
        assert answer.headers.get(HSTS) == (None if is_asset(path) else "max-age=31536000"), path


@pytest.mark.parametrize("method, path", [
    ("GET", "/"), ("POST", "/api/tests"), ("GET", "/api/tests/aaaaaaaaaaaaaaaa?x=%41//.."), ("GET", "/missing.js")])
def test_http_leads_to_https(secure, method, path):
    answer = secure.request(method, path, {"Host": "elsewhere.example"})
    assert (answer.status, answer.headers["location"]) == (308, f"https://{DOMAIN}{path}")
    assert HSTS not in answer.headers


def test_https_serves_what_http_does(secure, files):
    for path, file in files.items():
        answer = secure.request("GET", path, GZIP, tls=True)
        assert (answer.status, answer.headers["content-type"]) == (200, TYPES[file.suffix])
        assert gzip.decompress(answer.body) == file.read_bytes()
    assert secure.request("POST", "/api/tests", tls=True).status == 201


def test_https_speaks_http_2(secure):
    connection, protocol = secure.connect_tls(protocols=["h2", "http/1.1"])
    with connection:
        assert protocol == "h2" and connection.version() in ("TLSv1.3", "TLSv1.2")


def test_nothing_of_a_visitor_is_logged(secure):
    secure.request("GET", "/api/tests/aaaaaaaaaaaaaaaa")
    secure.request("GET", "/api/tests/aaaaaaaaaaaaaaaa", tls=True)
    secure.request("GET", "/api/tests/aaaaaaaaaaaaaaaa", {"X-Long": "x" * 40000}, tls=True)
    assert "aaaaaaaaaaaaaaaa" not in (secure.dir / "access.log").read_text()


# As they are installed


def test_claims_know_each_header_of_the_site():
    assert OF_SITE == (SAID.keys() | {"permissions-policy"}) - {"x-content-type-options"}


@pytest.mark.parametrize("name", ["havedane.conf", "havedane-tls.conf"])
def test_nginx_finds_nothing_wrong(prefix, tmp_path, name):
    """As installed, but for the certificate."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
                    "-keyout", tmp_path / "server.key", "-out", tmp_path / "server.pem"], check=True, capture_output=True)
    site = (prefix / "share/havedane/nginx" / name).read_text()
    (tmp_path / "site.conf").write_text(re.sub(r"/etc/\S*/(fullchain|privkey)\.pem", lambda found: str(
        tmp_path / {"fullchain": "server.pem", "privkey": "server.key"}[found[1]]), site))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\nhttp {{ include {tmp_path}/site.conf; }}\n")
    done = subprocess.run(["/usr/sbin/nginx", "-t", "-e", tmp_path / "error.log", "-c", tmp_path / "nginx.conf"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "[warn]" not in done.stderr, done.stderr
