"""Every state of the page, and how a page is brought there: for whatever is to be looked at in each of them.

    with STATES["dane"](lab, page):
        ... the page shows just that ...

The laboratory is as before afterwards. Text is English: let the browser ask for another language afterwards only.
"""

from contextlib import contextmanager

from events import age, arrive, begin_waiting, nginx_answers, offer, service_hanging, service_stopped

# The computer's clock, by which time passes that the page's timers do not notice, as when it slept.
CLOCK = "window.slept = 0; const real = Date.now; Date.now = () => real() + window.slept;"
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', {value: undefined}); document.execCommand = () => false;"


@contextmanager
def waiting(lab, page):
    yield page.open_new()


@contextmanager
def silence(lab, page):
    """Nothing has arrived for two minutes."""
    alias = page.open_new()
    age(lab, alias, 130)
    page.hurry()
    page.until(lambda: page.shown("#silence"))
    yield alias


@contextmanager
def running(lab, page):
    alias = page.open_new()
    arrive(lab, alias, "dont")
    begin_waiting(lab, 60)
    try:
        page.hurry()
        page.until_verdict("running")
        yield alias
    finally:
        begin_waiting(lab)


@contextmanager
def offered(lab, page):
    """The message to `wrong` was offered, and has not come."""
    alias = page.open_new()
    offer(lab, alias)
    arrive(lab, alias, "do", "dont", ago=10)
    page.hurry()
    page.until_said("offered", "#verdict-title")
    yield alias


def decided(result, *probes, final=True, **delivery):
    """A state by the verdict that these deliveries lead to."""
    @contextmanager
    def state(lab, page):
        alias = page.open_new()
        arrive(lab, alias, *probes, ago=3600 if final else 10, **delivery)
        page.hurry()
        page.until_verdict(result)
        yield alias
    return state


@contextmanager
def mixed(lab, page):
    """From two servers, and far apart."""
    alias = page.open_new()
    arrive(lab, alias, "do", ago=3600)
    arrive(lab, alias, "dont", ago=60, client=("192.0.2.99", "other.sender.test"))
    page.hurry()
    page.until(lambda: page.shown("#mixed") and page.shown("#apart"))
    yield alias


@contextmanager
def trouble(lab, page):
    """The server does not work; what is shown is not current."""
    page.expected |= {502}
    with decided("dane", "do", "dont")(lab, page) as alias, service_stopped(lab):
        page.hurry()
        page.until_status("trouble")
        yield alias


@contextmanager
def not_current(lab, page):
    """As after the computer slept: the page asks for news, and has none yet."""
    page.before_load(CLOCK)
    with decided("dane", "do", "dont")(lab, page) as alias, service_hanging(lab):
        page.run("slept = 600000")
        page.until_status("busy")
        yield alias


@contextmanager
def creating(lab, page):
    with service_hanging(lab):
        page.open()
        page.until_status("busy")
        yield


@contextmanager
def refused(lab, page):
    """No test could be created."""
    page.expected |= {429}
    with nginx_answers(lab, "return 429;"):
        page.open()
        page.until_status("trouble")
        yield


@contextmanager
def gone(lab, page):
    """It was there, and is not any more."""
    page.expected |= {404}
    with decided("dane", "do", "dont")(lab, page) as alias:
        assert lab.api("DELETE", f"/api/tests/{alias}")[0] == 204
        page.hurry()
        page.until_status("gone")
        yield alias


@contextmanager
def gone_unknown(lab, page):
    """A fragment without a test."""
    page.expected |= {404}
    page.open("a" * 16)
    page.until_status("gone")
    yield


@contextmanager
def delete_dialog(lab, page):
    with waiting(lab, page) as alias:
        page.find("#delete").click()
        page.until(lambda: page.shown("#delete-dialog"))
        yield alias


@contextmanager
def deleted(lab, page):
    with delete_dialog(lab, page) as alias:
        page.find("#delete-dialog [value=delete]").click()
        page.until_status("gone")
        yield alias


@contextmanager
def own_list(lab, page):
    """There are other tests of this browser."""
    with decided("no-dane", "do", "dont", "wrong")(lab, page):
        page.start_over()
        yield page.alias


@contextmanager
def advice_open(lab, page):
    """All that can be opened is open."""
    with decided("no-dane", "do", "dont", "wrong")(lab, page) as alias:
        for summary in page.find_all("summary"):
            summary.click()
        page.until(lambda: not page.find_all("details:not([open])"))
        yield alias


@contextmanager
def text_selected(lab, page):
    """The result could not be copied, and stands there for the visitor to do it."""
    page.before_load(NO_CLIPBOARD)
    with decided("dane", "do", "dont")(lab, page) as alias:
        page.find("#copy-text").click()
        page.until(lambda: page.shown("#copied"))
        yield alias


STATES = {
    "creating": creating,
    "waiting": waiting,
    "silence": silence,
    "running": running,
    "offered": offered,
    "dane-so-far": decided("dane", "do", "dont", final=False),
    "dane": decided("dane", "do", "dont"),
    "dane-only": decided("dane-only", "do"),
    "broken": decided("broken", "dont"),
    "no-dane": decided("no-dane", "do", "dont", "wrong"),
    "no-tls": decided("no-tls", "do", "dont", "wrong", tls=None),
    "mixed": mixed,
    "trouble": trouble,
    "not-current": not_current,
    "refused": refused,
    "gone": gone,
    "gone-unknown": gone_unknown,
    "delete-dialog": delete_dialog,
    "deleted": deleted,
    "own-list": own_list,
    "advice-open": advice_open,
    "text-selected": text_selected,
}
