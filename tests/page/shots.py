"""How the page is looked at: widths, colour schemes, and pictures of it.

Pictures go to the folder HAVEDANE_SHOTS, for somebody to look at; without one, to where the test says.
"""

import base64
import os
from pathlib import Path

WIDE, PHONE = 1100, 360
SCHEMES = ("light", "dark")


def look(page, width=WIDE, scheme="light"):
    """Has the page shown at a width, in CSS pixels, and in a colour scheme, as if the visitor's settings said so."""
    page.set_width(width)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    assert page.driver.execute_script("return matchMedia(arguments[0]).matches", f"(prefers-color-scheme: {scheme})")


def shot(page, name, folder, width=WIDE, scheme="light"):
    """A picture of the whole page, NAME-SCHEME-WIDTH.png; returns its path."""
    look(page, width, scheme)
    # In a window as high as the page there is no scroll bar.
    height = page.driver.execute_script("return document.documentElement.scrollHeight")
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
    picture = page.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    look(page, width, scheme)
    path = Path(os.environ.get("HAVEDANE_SHOTS") or folder) / f"{name}-{scheme}-{width}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(picture["data"]))
    return path


def shots(page, name, folder):
    """Pictures of the page as it is now: light and dark, wide, and light and dark on a phone. Returns their paths."""
    paths = [shot(page, name, folder, width, scheme) for width in (WIDE, PHONE) for scheme in SCHEMES]
    look(page)
    return paths
