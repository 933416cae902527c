"""The server behind its own TLS: SDKs, curl and a browser, renewals, and pairs that cannot be used."""

import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import urllib.request

import botocore.exceptions
import pytest

from support.browser import Browser
from support.calls import allow, client_of, denied, key, until, user
from support.server import ROOT, SPOTTER, Server


def make_pair(folder, *names, days=397):
    out = subprocess.run(
        [SPOTTER, "tls", "self-signed", "--out", folder, "--days", str(days),
         *[word for name in names or ["localhost", "127.0.0.1"] for word in ("--name", name)]],
        capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    return folder / "server.pem", folder / "server-key.pem"


class SecureServer(Server):
    def __init__(self, directory, *arguments, **variables):
        self.folder = pathlib.Path(directory).parent / "tls"
        if not self.folder.exists():
            make_pair(self.folder)
        super().__init__(
            directory, "--tls-certificate", self.folder / "server.pem", "--tls-key",
            self.folder / "server-key.pem", *arguments, **variables)

    @property
    def authority(self):
        return str(self.folder / "ca.pem")

    @property
    def port(self):
        return int(self.endpoint.rsplit(":", 1)[1])

    def client(self, service="lookoutvision", **changes):
        return super().client(service, **{"verify": self.authority, **changes})

    def client_environment(self):
        return {**super().client_environment(), "AWS_CA_BUNDLE": self.authority}

    def serial(self):
        """Of the certificate that a new connection gets."""
        context = ssl.create_default_context(cafile=self.authority)
        with socket.create_connection(("127.0.0.1", self.port)) as plain, \
                context.wrap_socket(plain, server_hostname="localhost") as connection:
            return connection.getpeercert()["serialNumber"]

    def curl(self, *arguments, check=True):
        out = subprocess.run(["curl", "-sS", "--cacert", self.authority, *arguments],
                             capture_output=True, text=True, timeout=60)
        assert not check or out.returncode == 0, out.stderr
        return out

    def log(self):
        return (self.directory.parent / f"{self.directory.name}.log").read_text()


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    server = SecureServer(tmp_path_factory.mktemp("secure") / "data").start()
    yield server
    server.kill()


def test_an_sdk_that_knows_the_authority_does_all_and_another_nothing(secure):
    assert secure.endpoint.startswith("https://127.0.0.1:")
    secure.client().list_projects()
    s3 = secure.client("s3")
    s3.create_bucket(Bucket="secure-images")
    content = os.urandom(9 << 20)
    s3.put_object(Bucket="secure-images", Key="a", Body=content)
    assert s3.get_object(Bucket="secure-images", Key="a")["Body"].read() == content
    link = s3.generate_presigned_url("get_object", {"Bucket": "secure-images", "Key": "a"})
    assert link.startswith(secure.endpoint)
    trusting = ssl.create_default_context(cafile=secure.authority)
    assert urllib.request.urlopen(link, context=trusting).read() == content
    with pytest.raises(botocore.exceptions.SSLError):
        secure.client(verify=True).list_projects()


def test_the_command_line_believes_what_its_variable_says(secure):
    out = secure.aws("s3", "mb", "s3://from-the-cli")
    assert "from-the-cli" in out.stdout
    assert secure.aws("s3", "ls").stdout.count("from-the-cli") == 1


def test_policies_see_whether_a_call_is_encrypted(secure, server):
    policy = [allow("*"), allow("*", effect="Deny", Bool={"aws:SecureTransport": "false"})]
    for either in (secure, server):
        client = client_of(either, key(user(either, "create", "careful", policy=policy)))
        if either is secure:
            client.list_projects()
        else:
            assert "explicit deny" in denied(client.list_projects)


@pytest.mark.parametrize("version, option", [("2", "--http2"), ("1.1", "--http1.1")])
def test_requests_come_by_both_protocols(secure, version, option):
    """A signature, a body that is sent, one that is streamed back, and an error."""
    key, secret = secure.credentials()
    signed = [option, "--aws-sigv4", "aws:amz:us-east-1:lookoutvision", "--user", f"{key}:{secret}",
              "-w", "\n%{http_version} %{http_code}"]
    projects = f"{secure.endpoint}/2020-11-20/projects"
    name = f"by-{version.replace('.', '-')}"
    text, last = secure.curl(*signed, "-H", "Content-Type: application/json", "-d",
                             json.dumps({"ProjectName": name}), projects).stdout.rsplit("\n", 1)
    assert last == f"{version} 200" and json.loads(text)["ProjectMetadata"]["ProjectName"] == name
    text, last = secure.curl(*signed, projects).stdout.rsplit("\n", 1)
    assert name in text and last == f"{version} 200"
    last = secure.curl(*signed, "-d", "[]", f"{projects}/none/models/1/detect").stdout.split("\n")[-1]
    assert last.startswith(f"{version} 4")
    out = secure.curl(option, "-w", "\n%{http_version} %{http_code}", f"{secure.endpoint}/health")
    assert '"ok"' in out.stdout and out.stdout.endswith(f"{version} 200")


@pytest.mark.parametrize("option", ["--http2", "--http1.1"])
def test_large_bodies_pass_and_refused_ones_end(secure, option, tmp_path):
    s3 = secure.client("s3")
    bucket = "large" + option.replace("-", "").replace(".", "")
    s3.create_bucket(Bucket=bucket)
    content = os.urandom(6 << 20)
    (tmp_path / "content").write_bytes(content)
    link = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "a"})
    out = secure.curl(option, "-T", tmp_path / "content", "-w", "%{http_code}", link)
    assert out.stdout == "200"
    link = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a"})
    secure.curl(option, "-o", tmp_path / "back", link)
    assert (tmp_path / "back").read_bytes() == content
    # Refused before its body was read: the answer comes, and the server is well.
    out = secure.curl(option, "-T", tmp_path / "content", "-H", "Expect:", "-w", "%{http_code}",
                      f"{secure.endpoint}/{bucket}/b?X-Amz-Credential=nobody", check=False)
    assert out.stdout.endswith(("400", "403")), (out.stdout, out.stderr)
    assert '"ok"' in secure.curl(option, f"{secure.endpoint}/health").stdout


def test_many_requests_share_one_connection(secure):
    addresses = [f"{secure.endpoint}/health"] * 60
    out = secure.curl("--http2", "--parallel", "--parallel-max", "40", "-w",
                      "%{http_code} %{num_connects}\n", "-o", "/dev/null", *addresses)
    # curl sends the bodies of all but the first address to standard output.
    connects = [int(x) for x in re.findall(r"200 (\d+)$", out.stdout, re.M)]
    assert len(connects) == 60, out.stdout
    assert sum(connects) < 10


def test_versions_before_today_are_refused(secure):
    for least, most, works in (("1.0", "1.1", False), ("1.2", "1.2", True), ("1.3", "1.3", True)):
        out = secure.curl(f"--tlsv{least}", "--tls-max", most, "--ciphers", "DEFAULT@SECLEVEL=0",
                          f"{secure.endpoint}/health", check=False)
        assert (out.returncode == 0) == works, (most, out.stderr)


def test_a_signal_takes_a_renewed_pair_up_and_a_broken_one_changes_nothing(tmp_path):
    server = SecureServer(tmp_path / "data").start()
    try:
        first = server.serial()
        key = (server.folder / "server-key.pem").read_bytes()
        (server.folder / "server-key.pem").write_text("not a key")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "cannot be used" in server.log())
        assert server.serial() == first and server.client().list_projects() is not None
        (server.folder / "server-key.pem").write_bytes(key)
        make_pair(server.folder)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "certificate that lies there now" in server.log())
        assert server.serial() != first
        assert server.stop() == 0
    finally:
        server.kill()


def test_a_start_with_a_wrong_pair_says_what_is_wrong(tmp_path):
    certificate, key = make_pair(tmp_path / "a")
    _, other = make_pair(tmp_path / "b")

    def start(*arguments, **variables):
        out = subprocess.run(
            [SPOTTER, "serve", "--data-directory", tmp_path / "data", "--port", "0", *arguments],
            capture_output=True, text=True, timeout=60,
            env={"PATH": "/usr/bin:/bin", **{k: str(v) for k, v in variables.items()}})
        assert out.returncode != 0
        return out.stderr

    assert "is not the key of the first certificate" in start(
        "--tls-certificate", certificate, "--tls-key", other)
    assert "--tls-certificate needs --tls-key" in start("--tls-certificate", certificate)
    assert "SPOTTER_TLS_CERTIFICATE" in start(SPOTTER_TLS_KEY=key)
    assert "does not exist" in start(
        SPOTTER_TLS_CERTIFICATE=tmp_path / "none.pem", SPOTTER_TLS_KEY=key)
    # The data directory was not touched for it.
    assert not (tmp_path / "data").exists()


def test_health_is_asked_through_tls(secure):
    def health(*arguments, **variables):
        return subprocess.run([SPOTTER, "health", *arguments], capture_output=True, text=True,
                              env={"PATH": "/usr/bin:/bin", **variables}, timeout=60)

    assert health("--address", secure.endpoint).returncode == 0
    assert health("--address", secure.endpoint, "--ready").returncode == 0
    out = health("--address", "http://127.0.0.1:1")
    assert out.returncode == 1 and "127.0.0.1:1" in out.stderr
    assert health("--address", secure.endpoint.replace("https", "http")).returncode == 1


def test_the_check_of_the_container_asks_through_tls(secure, tmp_path):
    (tmp_path / "spotter").symlink_to(SPOTTER)

    def check(port):
        return subprocess.run(
            [ROOT / "packaging/docker/health", str(port)], capture_output=True, timeout=60, env={
                "PATH": f"{tmp_path}:/usr/bin:/bin", "SPOTTER_TLS_CERTIFICATE": "server.pem"})

    assert check(secure.port).returncode == 0
    assert check(1).returncode != 0


def test_another_server_is_reached_by_the_authority_of_a_file(secure, tmp_path):
    """A server that keeps its objects in this one: what its own clients of S3 believe."""
    key, secret = secure.credentials()
    believed = dict(AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret,
                    AWS_CA_BUNDLE=secure.authority)
    with_authority = Server(tmp_path / "data", "--object-store", "s3", "--s3-endpoint",
                            secure.endpoint, **believed).start()
    try:
        with_authority.client("s3").create_bucket(Bucket="kept-behind-tls")
        names = [x["Name"] for x in secure.client("s3").list_buckets()["Buckets"]]
        assert "kept-behind-tls" in names
    finally:
        with_authority.kill()
    out = subprocess.run(
        [SPOTTER, "serve", "--data-directory", tmp_path / "other", "--port", "0", "--object-store",
         "s3", "--s3-endpoint", secure.endpoint], capture_output=True, text=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", **believed, "AWS_CA_BUNDLE": "/etc/hostname"})
    assert out.returncode == 1 and "AWS_CA_BUNDLE names /etc/hostname" in out.stderr


def test_listening_for_others_without_tls_is_warned_about(tmp_path):
    open_server = Server(tmp_path / "data", "--hostname", "0.0.0.0").start()
    open_server.kill()
    text = (tmp_path / "data.log").read_text()
    assert "can be read on their way" in text
    secure = SecureServer(tmp_path / "secure", "--hostname", "0.0.0.0").start()
    secure.kill()
    assert "can be read on their way" not in secure.log()


@pytest.mark.slow
def test_the_console_signs_in_through_tls(secure, tmp_path):
    link = subprocess.run(
        [SPOTTER, "console", "link", "--data-directory", secure.directory, "--address",
         secure.endpoint], capture_output=True, text=True, check=True).stdout.strip()
    browser = Browser(tmp_path / "profile", accepts_any_certificate=True)
    try:
        browser.open(link)
        browser.until(lambda: "/console/projects" in browser.driver.current_url)
        cookie, = [x for x in browser.driver.get_cookies() if x["name"] == "spotter-session"]
        assert cookie["secure"] and cookie["httpOnly"]
        browser.fill("name", "through-tls")
        browser.find("main form button").click()
        browser.until(lambda: "through-tls" in browser.driver.current_url)
        protocol = browser.driver.execute_script(
            "return performance.getEntriesByType('navigation')[0].nextHopProtocol")
        assert protocol == "h2"
        assert browser.problems() == []
    finally:
        browser.quit()
