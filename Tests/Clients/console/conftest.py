"""Browsers of the console's tests."""

import pytest

from support.browser import Browser


@pytest.fixture
def browser(tmp_path):
    browser = Browser(tmp_path / "profile")
    yield browser
    browser.quit()


@pytest.fixture
def signed_in(browser, hosted):
    """The test's browser shows the projects of `hosted`."""
    browser.sign_in(hosted)
