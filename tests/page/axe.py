"""axe-core on a page: what stands in the way of people who do not see it, or use no mouse.

Its script is put into the page by the browser's driver, which the content security policy does not concern: nothing has
to be loosened for it.
"""

import subprocess
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent

# All rules, those of best practice and experimental ones included, but for what goes beyond the standard's level AA and
# what axe itself has given up.
RUN = """
const done = arguments[arguments.length - 1];
const every = Object.fromEntries(axe.getRules().map((rule) => [rule.ruleId, {
    enabled: !rule.tags.some((tag) => tag === 'wcag2aaa' || tag === 'deprecated')}]));
axe.run(document, {rules: every, resultTypes: ['violations']}).then(
    (found) => done({violations: found.violations}), (error) => done({error: String(error)}));
"""


@cache
def modules():
    """The folder of what the tests need of npm."""
    printed = subprocess.run([HERE / "modules"], stdout=subprocess.PIPE, text=True, check=True, timeout=300).stdout
    return Path(printed.strip()) / "node_modules"


def axe(page):
    """What is wrong with the page as it is now: a line for each element concerned, with its rule; [] if nothing is."""
    driver = page.driver
    if not driver.execute_script("return 'axe' in window"):
        driver.execute_script((modules() / "axe-core/axe.min.js").read_text())
    answer = driver.execute_async_script(RUN)
    assert "error" not in answer, answer["error"]
    return [f"{found['id']} ({found['impact']}): {' '.join(map(str, node['target']))}: {node['html'][:200]}: "
            f"{node['failureSummary']}" for found in answer["violations"] for node in found["nodes"]]
