"""The console for those who run an installation, on every size of screen, and when things die."""

import shutil
import socket

import pytest
from selenium.webdriver.common.keys import Keys

from support.browser import Browser, link
from support.console import fill, open_import, press, stats
from support.pictures import draw, make_dataset, png
from support.server import Server

PAGES = ("/projects", "/projects/parts", "/projects/parts/images?dataset=train",
         "/projects/parts/models/1", "/projects/parts/models/1/report",
         "/projects/parts/models/1/trial", "/projects/parts/compare", "/projects/parts/delete",
         "/projects/parts/mask?dataset=train&source=s3%3A%2F%2Fparts-images%2F30.png",
         "/operate", "/operate/audit", "/operate/users", "/operate/users/ann")


@pytest.mark.usefixtures("signed_in")
def test_a_user_is_made_tried_and_disabled_by_keys(hosted, browser):
    browser.open(hosted.endpoint + "/console/operate")
    assert "Servers and workers" in browser.text()
    browser.find("a[href='/console/operate/users']").send_keys(Keys.ENTER)
    browser.until(lambda: browser.text("h1") == "Users")
    browser.fill("name", "beth")
    browser.find("textarea").send_keys(Keys.TAB, Keys.ENTER)
    browser.until(lambda: "aws_secret_access_key" in browser.text())
    assert browser.violations() == []
    browser.find("[name=operation]").send_keys("DeleteProject")
    browser.press("Is it allowed?")
    browser.until(lambda: "Not allowed." in browser.text("#test"))
    browser.press("Disable")
    browser.until(lambda: "DISABLED" in browser.text("h1"))
    browser.open(hosted.endpoint + "/console/operate/audit?event=DisableUser")
    browser.until(lambda: "beth" in browser.text("table"))
    browser.find(".themes [value=dark]").send_keys(Keys.ENTER)
    browser.until(lambda: browser.find("html").get_attribute("data-theme") == "dark")
    assert browser.violations() == []
    browser.find(".themes [value=system]").send_keys(Keys.ENTER)
    assert browser.problems() == []


@pytest.mark.usefixtures("signed_in")
def test_the_page_of_the_installation_stays_true_and_leaves_the_hand_where_it_is(hosted, browser):
    """It showed the state of the moment in which it was opened."""
    browser.open(hosted.endpoint + "/console/operate")
    browser.script("""
        window.isSamePage = true;
        document.querySelector("#members").focus();
        getSelection().selectAllChildren(document.querySelector("h1"));
        document.querySelector("dl.figures dd").textContent = "of yesterday";
        document.querySelector("#members tbody").append(document.createElement("tr"));""")
    browser.until(lambda: "of yesterday" not in browser.text("dl.figures"))
    browser.until(lambda: len(browser.all("#members tbody tr")) == 1)
    assert browser.script("""
        return isSamePage && document.activeElement.matches("#members")
            && getSelection().toString() !== "";""")
    assert browser.problems() == []


@pytest.mark.usefixtures("signed_in")
def test_the_projects_page_has_totals_and_a_graph_of_what_was_judged(hosted, browser):
    """Of all projects: how many, and the images and anomalies of a month day by day."""
    def total(name):
        return int(browser.text(f"[data-total={name}]"))
    before = total("images"), total("anomalies")
    client = hosted.client()
    verdicts = []
    for seed, is_anomalous in ((901, False), (902, True), (903, True)):
        answer = client.detect_anomalies(
            ProjectName="parts", ModelVersion="1", ContentType="image/png",
            Body=png(draw(seed, is_anomalous)[0]))
        verdicts.append(answer["DetectAnomalyResult"]["IsAnomalous"])
    assert total("projects") == len(client.list_projects()["Projects"])
    assert total("hosted") >= 1
    # A server writes its counts every ten seconds.
    browser.until(lambda: browser.driver.refresh() or total("images") == before[0] + 3)
    assert total("anomalies") == before[1] + sum(verdicts)
    today = browser.find(".totals .days g:last-of-type")
    assert f"{before[0] + 3} images" in today.find_element("css selector", "title").get_attribute(
        "textContent")
    chart, bar = (browser.find(x).rect for x in (".totals .days", ".totals .days g:last-of-type .all"))
    assert bar["height"] > 20 and bar["x"] + bar["width"] <= chart["x"] + chart["width"] + 1
    assert browser.violations() == []
    assert browser.problems() == []


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("size", [(360, 780), (3840, 2160)])
def test_every_page_is_whole_on_a_phone_and_on_a_wall(hosted, tmp_path, language, size):
    browser = Browser(tmp_path / "profile", language=language, size=size)
    try:
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False})
        browser.open(link(hosted))
        browser.until(lambda: browser.all(".cards"))
        browser.open(hosted.endpoint + "/console/operate/users")
        if "ann" not in browser.text():
            browser.fill("name", "ann")
            browser.find("main form button").click()
            browser.until(lambda: browser.text("h1").startswith("ann"))
        for page in PAGES:
            browser.open(f"{hosted.endpoint}/console{page}")
            browser.until(lambda: browser.find("h1"))
            wide = browser.script("return document.documentElement.scrollWidth"
                                  " - document.documentElement.clientWidth")
            assert wide <= 0, page
            assert browser.violations() == [], page
            assert browser.find("html").get_attribute("lang") == language
        assert browser.problems() == []
    finally:
        browser.quit()


def free_port():
    """For a server that comes back at the address that it had."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.slow
def test_the_page_says_that_the_server_is_lost_and_goes_on_by_itself(tmp_path):
    """Killed while the browser watches a training: no state is shown as if it were the present
    one."""
    server = Server(tmp_path / "data", "--port", free_port()).start()
    browser = Browser(tmp_path / "profile")
    try:
        client = server.client()
        make_dataset(server, client, "parts", "parts-images", normal=60, anomalous=30)
        browser.sign_in(server)
        browser.open(server.endpoint + "/console/projects/parts")
        browser.press("Train")
        browser.until(lambda: "TRAINING" in browser.text("table"))
        server.kill()
        browser.until(lambda: browser.find("#connection").is_displayed())
        assert browser.violations() == []
        server.start()
        browser.until(lambda: "TRAINED" in browser.text("table"))
        assert not browser.find("#connection").is_displayed()
        model = server.client().describe_model(ProjectName="parts", ModelVersion="1")
        assert model["ModelDescription"]["Status"] == "TRAINED"
    finally:
        browser.quit()
        server.kill()


@pytest.mark.slow
def test_a_label_is_not_called_saved_while_the_server_is_gone(tmp_path):
    server = Server(tmp_path / "data", "--port", free_port()).start()
    browser = Browser(tmp_path / "profile")
    try:
        client = fill(server, "gone", {f"{n}.png": draw(n, False, (64, 64))[0] for n in range(2)})
        browser.sign_in(server)
        browser.open(server.endpoint + "/console/projects/gone/images?dataset=train&sort=name")
        browser.until(lambda: browser.all("#gallery li"))[0].click()
        server.kill()
        press(browser, "n")
        browser.until(lambda: browser.find("#connection").is_displayed())
        assert browser.text("#labels [role=status]") == "Saving …"
        server.start()
        browser.until(lambda: browser.text("#labels [role=status]") == "Saved")
        assert stats(client, "gone")["Normal"] == 1
    finally:
        browser.quit()
        server.kill()


@pytest.mark.slow
def test_work_goes_on_where_a_server_that_was_away_left_it(example, tmp_path):
    """Labels and files of the meantime are neither lost nor called refused, and who must not be
    signed in any longer learns it."""
    shutil.copytree(example, tmp_path / "data")
    server = Server(tmp_path / "data", "--port", free_port()).start()
    browser = Browser(tmp_path / "profile")

    def banner():
        return browser.find("#connection").is_displayed()

    try:
        browser.sign_in(server)
        home = server.endpoint + "/console/projects/parts"
        for page in ("/mask?dataset=train&source=s3%3A%2F%2Fparts-images%2F30.png",
                     "/models/1/report", "/images?dataset=train"):
            browser.open(home + page)
            browser.find("h1")
            server.kill()
            browser.until(banner)
            assert browser.violations() == []
            if page.startswith("/images"):
                browser.all("#gallery li")[-1].click()
                browser.driver.switch_to.active_element.send_keys("a")
                open_import(browser)
                files = [tmp_path / f"new-{number}.png" for number in range(5)]
                for number, file in enumerate(files):
                    file.write_bytes(png(draw(700 + number, False)[0]))
                browser.find("#upload [name=files]").send_keys("\n".join(map(str, files)))
                browser.press("Bring in")
            server.start()
            browser.until(lambda: not banner())
        said = "#labels [role=status]"
        browser.until(lambda: "5 images were brought in, 0 refused" in browser.text(said))
        now = stats(server.client(), "parts")
        assert (now["Total"], now["Normal"], now["Anomaly"]) == (43, 23, 15)
        assert not browser.find("#session-over").is_displayed()
        browser.driver.delete_cookie("spotter-session")
        browser.until(lambda: browser.find("#session-over").is_displayed())
        assert browser.violations() == []
    finally:
        browser.quit()
        server.kill()


def by_key(browser, server, key, secret):
    browser.open(server.endpoint + "/console/sign-in")
    browser.fill("key", key)
    browser.fill("secret", secret + Keys.ENTER)


@pytest.fixture
def other(tmp_path):
    browser = Browser(tmp_path / "other")
    yield browser
    browser.quit()


@pytest.mark.slow
@pytest.mark.usefixtures("signed_in")
def test_a_rotated_key_ends_the_sessions_of_its_user_and_the_new_one_opens_others(hosted, browser, other):
    key = lambda: dict(line.split(" = ") for line in browser.text("section pre").splitlines())
    browser.open(hosted.endpoint + "/console/operate/users")
    browser.fill("name", "carl" + Keys.ENTER)
    browser.until(lambda: browser.text("h1") == "carl")
    first = key()
    by_key(other, hosted, *first.values())
    other.until(lambda: other.text("h1") == "Projects")
    browser.press("Make a new key")
    second = browser.until(lambda: key() != first and key())
    other.open(hosted.endpoint + "/console/projects")
    other.until(lambda: other.text("h1") == "Sign in")
    by_key(other, hosted, *first.values())
    other.until(lambda: "Nobody has this key" in other.text(".problem"))
    by_key(other, hosted, *second.values())
    other.until(lambda: other.text("h1") == "Projects")
    assert browser.problems() == other.problems() == []


@pytest.mark.slow
@pytest.mark.usefixtures("signed_in")
def test_signing_out_everywhere_ends_the_sessions_in_other_browsers_too(hosted, browser, other):
    other.sign_in(hosted)
    # A page that a script asks again by itself must not go on as if it were signed in.
    other.open(hosted.endpoint + "/console/operate")
    other.until(lambda: "Servers and workers" in other.text())
    browser.press("Sign out everywhere")
    browser.until(lambda: browser.text("h1") == "Sign in")
    other.until(lambda: other.text("h1") == "Sign in")
    for one in (browser, other):
        one.open(hosted.endpoint + "/console/projects")
        one.until(lambda: one.text("h1") == "Sign in")
    assert browser.problems() == other.problems() == []


@pytest.mark.slow
def test_a_worker_that_dies_is_not_shown_as_alive(cluster, tmp_path):
    """After the time in which members are taken for dead."""
    server = cluster.server()
    worker = cluster.worker()
    browser = Browser(tmp_path / "profile")
    try:
        browser.open(server.endpoint + "/console/sign-in")
        key, secret = server.credentials()
        browser.fill("key", key)
        browser.fill("secret", secret)
        browser.press("Sign in")
        browser.until(lambda: browser.text("h1") == "Projects")

        browser.open(server.endpoint + "/console/operate")
        browser.until(lambda: len(browser.all("#members tbody tr")) == 2)
        worker.kill()
        browser.until(lambda: len(browser.all("#members tbody tr")) == 1)
    finally:
        browser.quit()
