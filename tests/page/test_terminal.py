"""The commands that the page shows do what it says, on a real sending host."""

import contextlib
import json
import subprocess

import browser
import pytest

from lab_net import until

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}  # no proxies


def shell(command):
    return subprocess.run(["sh", "-c", command], env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=True).stdout


def command(page, name):
    page.find("#shell summary").click()
    return page.text(f"#shell-{name}")


@contextlib.contextmanager
def listener(lab, name):
    """A sender's Postfix takes mail by SMTP, as most do."""
    postfix = lab.postfix[name]
    service = "127.0.0.1:smtp/inet"
    try:
        postfix.command("postconf", "-Me", f"{service}=127.0.0.1:smtp inet n - n - - smtpd")
        postfix.command("postfix", "reload")
        until(lambda: "127.0.0.1:25 " in lab.run(name, ["ss", "-Hltn"]).stdout, 15, "Postfix to listen")
        yield
    finally:
        postfix.command("postconf", "-MX", service)
        postfix.command("postfix", "reload")


def assert_all_arrive(page, sender):
    page.until(lambda: page.hurry() or set(page.outcomes.values()) == {"delivered"}, 30)
    assert {page.text(page.probe(name, ".client")).split()[1] for name in ("do", "dont", "wrong")} == {f"({sender}.sender.test)"}


def test_sendmail(lab, page):
    """Postfix's; it also proves that the command names all addresses, and no other."""
    page.open_new()
    lab.run("may", ["env", f"MAIL_CONFIG={lab.postfix['may'].etc}", "sh", "-c", command(page, "sendmail")])
    assert_all_arrive(page, "may")


def test_swaks(lab, page):
    page.open_new()
    with listener(lab, "may"):
        said = lab.run("may", ["sh", "-c", command(page, "swaks")]).stdout
        assert "Connected to localhost" in said
        assert_all_arrive(page, "may")  # before it is reloaded: what is under way then may wait in its queue


def test_curl(lab, page):
    alias = page.open_new()
    lines = command(page, "curl").splitlines()
    assert lines
    for line in lines:
        answer = shell(f"{line} --silent --show-error --fail")
        assert alias in answer
        if "/api/" in line:
            assert json.loads(answer) == lab.get(alias)


@pytest.fixture
def plain(lab):
    """The page in a browser that runs no scripts."""
    driver, profile = browser.start(javascript=False)
    with profile:
        try:
            page = browser.Page(driver, lab.url)
            page.open()
            yield page
            assert page.complaints() == []
        finally:
            driver.quit()


def test_without_javascript(lab, plain):
    """The text is there, nothing that does not work is, and its commands do the whole test."""
    assert "Without JavaScript" in plain.text()
    assert not plain.shown("button, a.button, section[id], dialog") or not plain.shown("#send, #result, #this-test, #own")
    commands = [code.text for code in plain.find_all("noscript pre code")]
    assert len(commands) == 2
    created = shell(f"{commands[0].replace('THIS-SITE', lab.url)} --silent --show-error --fail")
    alias = created[created.index("@") - 16:created.index("@")]
    assert all(f"{alias}@{name}.{lab.domain}" in created for name in ("do", "dont", "wrong"))
    lab.send("may", alias)
    lab.wait(alias, lambda test: test["verdict"]["result"] == "no-dane", 20)
    told = shell(f"{commands[1].replace('THIS-SITE', lab.url).replace('ALIAS', alias)} --silent --show-error --fail")
    assert "no-dane" in told or "not enforce DANE" in told
