"""Chromium as the tests of the page use it: headless, with nothing of its own going on, and watched."""

import json
import re
import tempfile
import time

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
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


class Page:
    """The page in a browser, in the words of its tests."""

    def __init__(self, driver, url):
        self.driver, self.url = driver, url
        self.expected = set()  # HTTP statuses and net:: errors that may show up in the console
        self._events = []

    def open(self, fragment=""):
        self.driver.get("about:blank")  # otherwise only the fragment changes, and nothing is loaded
        self.driver.get(f"{self.url}/{fragment and '#' + fragment}")

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector="body"):
        """What a visitor can read there."""
        return self.find(selector).text

    def attribute(self, selector, name):
        return self.find(selector).get_attribute(name)

    def probe(self, name, part=""):
        return f"[data-probe='{name}'] {part}"

    @property
    def alias(self):
        return self.driver.execute_script("return location.hash.slice(1)")

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

    def set_width(self, width):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False})

    def set_offline(self, offline):
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions",
                                    {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})

    def before_load(self, script):
        """Has a script run in the page before its own."""
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})

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
