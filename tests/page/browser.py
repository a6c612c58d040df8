"""Chromium as the tests of the page use it: headless, with nothing of its own going on, and watched."""

import contextlib
import json
import re
import tempfile
import time

from devtools import DevTools
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # the laboratory needs root, and Chromium has no sandbox for root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1100,1000",
)


def start(javascript=True, more=()):
    """A Chromium with a profile of its own, and more arguments; it tells its console and its requests."""
    profile = tempfile.TemporaryDirectory(prefix="havedane-chromium-", ignore_cleanup_errors=True)
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in (*ARGUMENTS, *more, f"--user-data-dir={profile.name}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not javascript:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    # With the path given, Selenium looks for no driver on the net.
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    return driver, profile


@contextlib.contextmanager
def visitor(driver, url, second=False):
    """Somebody who has never been at this site, in a tab of a browser that is running: much quicker than a browser for
    each. The second one is there at the same time, with a storage of their own. Yields what grants permissions there, by
    their names; nothing is left afterwards."""
    before = driver.current_window_handle
    with DevTools(driver.capabilities["goog:chromeOptions"]["debuggerAddress"]) as tools:
        context = {"browserContextId": tools.call("Target.createBrowserContext")["browserContextId"]} if second else {}
        driver.switch_to.window(tools.call("Target.createTarget", url="about:blank", **context)["targetId"])
        try:
            if not second:
                driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": url, "storageTypes": "all"})
                driver.execute_cdp_cmd("Network.clearBrowserCache", {})
                for kind in ("browser", "performance"):  # what is left of the visitor before
                    driver.get_log(kind)
            driver.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
            yield lambda *names: tools.call("Browser.grantPermissions", origin=url, permissions=names, **context)
        finally:
            tools.call("Browser.resetPermissions", **context)
            driver.close()
            if second:
                tools.call("Target.disposeBrowserContext", **context)
            driver.switch_to.window(before)


class Page:
    """The page in a browser, in the words of its tests."""

    def __init__(self, driver, url, grant=None):
        self.driver, self.url, self._grant = driver, url, grant
        self.expected = set()  # HTTP statuses and net:: errors that may show up in the console
        self._events = []

    def open(self, fragment=""):
        self.driver.get("about:blank")  # otherwise only the fragment changes, and nothing is loaded
        self.driver.get(f"{self.url}/{fragment and '#' + fragment}")

    def open_new(self):
        """Opens it for a new test; returns its alias."""
        self.open()
        self.until_verdict("waiting")
        return self.alias

    def start_over(self):
        """Has it start a new test; returns the alias of that."""
        before = self.alias
        self.find("#new-test").click()
        self.until(lambda: self.alias not in ("", before) and self.shown("#send"))
        return self.alias

    def texts(self, language="en"):
        """The file of its texts, as it has it."""
        return self.driver.execute_async_script(
            "import(`/lang/${arguments[0]}.js`).then(({default: texts}) => arguments[1](texts))", language)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector="body"):
        """What a visitor can read there."""
        return self.find(selector).text

    def attribute(self, selector, name):
        return self.find(selector).get_attribute(name)

    def shown(self, selector):
        """Whether there is such an element to be seen."""
        # Selenium takes what is in a closed <details> for displayed.
        return self.run("return [...document.querySelectorAll(arguments[0])].some((e) => e.checkVisibility())", selector)

    def style(self, selector, name, pseudo=None):
        """A computed property of the first such element."""
        return self.run("return getComputedStyle(document.querySelector(arguments[0]), arguments[2])"
                        ".getPropertyValue(arguments[1])", selector, name, pseudo)

    @property
    def focused(self):
        """What has the focus, as a selector: #ID, or the name of the element."""
        return self.run("const e = document.activeElement; return e.id ? `#${e.id}` : e.localName")

    def probe(self, name, part=""):
        return f"[data-probe='{name}'] {part}"

    @property
    def alias(self):
        return self.run("return location.hash.slice(1)")

    @property
    def verdict(self):
        return self.attribute("#verdict", "data-result")

    @property
    def final(self):
        return self.attribute("#verdict", "data-final") == "true"

    @property
    def outcomes(self):
        return {element.get_attribute("data-probe"): element.get_attribute("data-outcome")
                for element in self.find_all("[data-probe]")}

    def until(self, condition, seconds=10):
        """Waits until condition() is true; fails with what the page says when that does not come about."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if value := condition():
                    return value
            except StaleElementReferenceException:  # drawn anew while we looked
                pass
            assert time.monotonic() < deadline, f"waited {seconds} s in vain; the page says:\n{self.text()}"
            time.sleep(0.05)

    def until_verdict(self, result, seconds=10):
        self.until(lambda: self.verdict == result, seconds)

    def until_status(self, kind, seconds=10):
        self.until(lambda: self.attribute("#status", "data-kind") == kind, seconds)

    def until_said(self, words, selector="#status", seconds=10):
        self.until(lambda: words in self.text(selector), seconds)

    def hurry(self):
        """Has the page ask for news now, as if its tab came to the front."""
        self.run("document.dispatchEvent(new Event('visibilitychange'))")

    def hide(self, hidden=True):
        """Has the page believe that its tab is in the background, or in front again."""
        self.run("Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});"
                 "document.dispatchEvent(new Event('visibilitychange'))", hidden)

    def press(self, *keys):
        """Presses keys, wherever the focus is."""
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def grant_clipboard(self):
        self._grant("clipboardReadWrite", "clipboardSanitizedWrite")

    def clipboard(self):
        return self.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")

    def set_languages(self, languages):
        """What the browser asks for, such as "nl,en"."""
        self.driver.execute_cdp_cmd("Emulation.setUserAgentOverride", {
            "userAgent": self.run("return navigator.userAgent"), "acceptLanguage": languages})

    def emulate(self, media="", **features):
        """Shows the page as for another medium, or with features such as prefers_reduced_motion."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": [
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()]})

    def set_width(self, width):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False})

    def set_offline(self, offline):
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions",
                                    {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})

    def before_load(self, script):
        """Has a script run in the page before its own; not in the empty one that the browser begins with."""
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument",
                                    {"source": f"if (location.protocol !== 'about:') {{ {script} }}"})

    def events(self, method):
        """Parameters of all events of the DevTools protocol of this name so far."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            self._events.append((message["method"], message["params"]))
        return [params for name, params in self._events if name == method]

    def requests(self):
        """(method, URL) of every request so far."""
        sent = [event["request"] for event in self.events("Network.requestWillBeSent")]
        return [(request["method"], request["url"]) for request in sent]

    def statuses(self):
        return [event["response"]["status"] for event in self.events("Network.responseReceived")]

    def complaints(self):
        """What the console says, without the network errors that a test expects."""
        return [entry for entry in self.driver.get_log("browser") if not self._is_expected(entry)]

    def _is_expected(self, entry):
        found = re.search(r"status of (\d+)|(net::\w+)", entry["message"])
        if entry["source"] != "network" or not found:
            return False
        return (int(found[1]) if found[1] else found[2]) in self.expected
