"""Deleting a test: asked first, told afterwards."""

from selenium.webdriver.common.keys import Keys

from events import nginx_answers
from states import STATES

DELETE, KEEP = "#delete-dialog [value=delete]", "#delete-dialog [value=keep]"


def there(lab, alias):
    return lab.api("GET", f"/api/tests/{alias}")[0] == 200


def test_escape_and_keep_delete_nothing(lab, page):
    with STATES["delete-dialog"](lab, page) as alias:
        assert page.run("return document.activeElement.value") == "keep"  # what Enter would do does no harm
        page.press(Keys.ESCAPE)
        page.until(lambda: not page.shown("#delete-dialog"))
        assert page.focused == "#delete" and there(lab, alias)
        page.press(Keys.ENTER)
        page.until(lambda: page.shown("#delete-dialog"))
        page.find(KEEP).click()
        page.until(lambda: not page.shown("#delete-dialog"))
        assert page.focused == "#delete" and there(lab, alias)
        assert "DELETE" not in [method for method, _ in page.requests()]
        assert page.attribute("#status", "data-kind") == "none" and page.shown("#send")


def test_escape_after_a_deletion_means_escape(lab, page):
    """The answer of the dialog before does not count."""
    with STATES["deleted"](lab, page):
        alias = page.start_over()
        page.find("#delete").click()
        page.press(Keys.ESCAPE)
        page.until(lambda: not page.shown("#delete-dialog"))
        before = page.statuses().count(304)
        page.hurry()
        page.until(lambda: page.statuses().count(304) > before)
        assert [method for method, _ in page.requests()].count("DELETE") == 1  # the one before
        assert there(lab, alias) and page.shown("#send")


def test_deleted_by_the_page(lab, page):
    page.expected = {404}
    with STATES["delete-dialog"](lab, page) as alias:
        page.press(Keys.TAB, Keys.ENTER)
        page.until_status("gone")
        assert "been deleted" in page.text("#status")
        assert page.focused == "#new-test"
        assert not there(lab, alias) and not page.shown("#send") and not page.shown("#delete")
        assert alias not in page.run("return JSON.stringify(localStorage)")


def test_deletion_that_fails_is_told(lab, page):
    """And stays told, although the test is asked for every two seconds meanwhile, and answered."""
    page.expected = {503}
    with STATES["delete-dialog"](lab, page) as alias:
        with nginx_answers(lab, "return 503;"):
            page.find(DELETE).click()
            page.until_said("could not be deleted")
            assert page.focused == "#delete"
        page.until(lambda: page.attribute("#result", "data-current") == "true", 20)
        asked = len(page.requests())
        page.hurry()
        page.until(lambda: len(page.requests()) > asked)
        page.until(lambda: {200, 304} & set(page.statuses()))
        assert page.attribute("#result", "data-current") == "true"
        assert "could not be deleted" in page.text("#status") and there(lab, alias)
        page.find("#delete").click()
        page.find(DELETE).click()
        page.until_said("been deleted")
        assert not there(lab, alias)


def test_deletion_of_what_is_gone_is_no_failure(lab, page):
    page.expected = {404}
    with STATES["delete-dialog"](lab, page) as alias:
        lab.api("DELETE", f"/api/tests/{alias}")
        page.find(DELETE).click()
        page.until_said("have been deleted")
