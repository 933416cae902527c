"""Sends generated requests to a server: valid ones, broken ones, and what only an enemy sends.

    python Tests/Fuzz/fuzz.py --requests 100000 --seed 1

The same seed sends the same requests from each of the workers. The server must not answer with a
5xx, must not end, and must not grow: the memory after the run is compared with that after a tenth
of it. The first failure is printed with what was sent.
"""

import argparse
import base64
import concurrent.futures
import contextlib
import datetime
import errno
import hashlib
import hmac
import json
import pathlib
import random
import socket
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION, SERVICE = "us-east-1", "lookoutvision"
GROWTH_MB_MAX = 96
WORKERS = 4
TEXTS = [
    "", " ", "a", "A" * 64, "x" * 300, "x" * 100_000, "0", "-1", "latest", "1", "999999999999999999",
    "..", ".", "../../etc/passwd", "%2e%2e%2f", "a/b", "a\\b", "\x00", "a\x00b", "\r\nX: y", "'; --",
    "\u202e", "ß", "𝄞", "\ud7ff", "\uffff", "{}", "[]", "null", "true", "${jndi:ldap://x}", "<a>",
    "arn:aws:lookoutvision:us-east-1:000000000000:model/p0/1", "s3://b/k", "%", "%zz", "%00",
    "2020-06-23T00:00:00Z", "1e999", "NaN", "train", "test", "normal", "com.example.c", "1.0.0",
]
HEADERS = [
    ("X-Amz-Target", "x"), ("Content-Type", "x" * 5000), ("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"),
    ("X-Amz-Security-Token", "x"), ("Expect", "100-continue"), ("Expect", "x"), ("Range", "bytes=0-1"),
    ("Transfer-Encoding", "identity"), ("Accept-Encoding", "gzip"), ("X-Forwarded-For", "1.2.3.4"),
    ("Host", "example.com"), ("X-HTTP-Method-Override", "DELETE"), ("Cookie", "a=b"), ("Upgrade", "h2c"),
    ("Connection", "upgrade"), ("X-Amz-Client-Token", "ü"), ("X-Amz-Client-Token", "t" * 65),
    ("Content-Length", "-1"), ("Content-Length", "99999999999999999999"), ("A" * 2000, "b"),
]


class Generator:
    """Requests from the service model, valid or not, the same for the same seed."""

    def __init__(self, service, seed, credentials):
        self.random = random.Random(seed)
        self.shapes = service["shapes"]
        self.operations = sorted(service["operations"].items())
        self.credentials = credentials

    def value(self, shape, depth=0):
        """A value that mostly fits the shape."""
        pick = self.random.random()
        if pick < 0.02:
            return self.junk()
        shape = self.shapes[shape]
        kind = shape["type"]
        if kind == "structure":
            required = shape.get("required", [])
            return {name: self.value(member["shape"], depth + 1)
                    for name, member in shape["members"].items()
                    if self.random.random() < (0.97 if name in required else 0.4)}
        if kind == "list":
            count = self.random.choice([0, 1, 1, 2, shape.get("max", 5), shape.get("max", 5) + 1])
            return [self.value(shape["member"]["shape"], depth + 1) for _ in range(min(count, 201))]
        if kind == "integer":
            return self.random.choice([1, 2, 100, shape.get("max", 50), shape.get("min", 0) - 1,
                                       2 ** 31, 2 ** 63, -2 ** 63])
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind in ("float", "timestamp"):
            return self.random.choice([0, 1.5, 1e300, -1e300, 1_600_000_000])
        if kind == "blob":
            return self.random.choice([base64.b64encode(self.lines()).decode(), "", "!!!", "QQ"])
        return self.text(shape)

    def text(self, shape):
        if "enum" in shape:
            return self.random.choice(shape["enum"])
        longest = shape.get("max", 20)
        length = self.random.choice([shape.get("min", 1), 8, 8, 8, 8, 8, longest, longest + 1])
        plain = "".join(self.random.choice("abcXYZ019") for _ in range(min(length, 3000)))
        pattern = shape.get("pattern", "")
        if "train|test" in pattern:
            plain = self.random.choice(["train", "test"])
        elif "latest" in pattern or pattern == "([1-9][0-9]*)":
            plain = self.random.choice(["1", "2", "3", "latest", "10000000000"])
        elif pattern == r"[a-zA-Z0-9][a-zA-Z0-9_\-]*":
            plain = f"p{self.random.randrange(12)}"
        elif "[0-9]{1,6}" in pattern:
            plain = f"{self.random.randrange(4)}.0.{self.random.randrange(9)}"
        return plain if self.random.random() < 0.96 else self.random.choice(TEXTS)

    def junk(self):
        nested = []
        for _ in range(self.random.choice([1, 30, 600])):
            nested = [nested]
        return self.random.choice([None, True, 7, -1.5, {}, [], nested, {"a": {"b": []}},
                                   self.random.choice(TEXTS), ["x"] * 300])

    def lines(self):
        entry = {"source-ref": f"s3://bucket/{self.random.randrange(50)}.png"}
        if self.random.random() < 0.5:
            entry["label"] = 1
            entry["label-metadata"] = {
                "class-name": self.random.choice(["normal", "anomaly", "", None, 7]),
                "type": "groundtruth/image-classification"}
        if self.random.random() < 0.2:
            entry[self.random.choice(TEXTS)] = self.junk()
        return (json.dumps(entry) + self.random.choice(["\n", "", "\r\n", "\n{"])).encode(
            errors="replace") * self.random.choice([1, 2, 20])

    def request(self):
        name, operation = self.random.choice(self.operations)
        shape = self.shapes[operation["input"]["shape"]]
        members = shape["members"]
        input = self.value(operation["input"]["shape"])
        if not isinstance(input, dict):
            input = {}
        path, query, headers, body = operation["http"]["requestUri"], [], [], {}
        for member, value in input.items():
            where = members.get(member, {}).get("location")
            place = members.get(member, {}).get("locationName", member)
            text = value if isinstance(value, str) else json.dumps(value)
            if where == "uri":
                path = path.replace("{" + place + "}", self.quoted(text))
            elif where == "querystring":
                for item in value if isinstance(value, list) else [value]:
                    query.append((place, item if isinstance(item, str) else json.dumps(item)))
            elif where == "header":
                headers.append((place, text))
            else:
                body[member] = value
        for label in ("{projectName}", "{datasetType}", "{modelVersion}", "{jobName}",
                      "{resourceArn}"):
            path = path.replace(label, self.quoted(self.random.choice(TEXTS)))
        if shape.get("payload"):
            payload = self.image()
        elif body or self.random.random() < 0.1:
            payload = json.dumps(body).encode(errors="replace")
        else:
            payload = b""
        return self.mutated(operation["http"]["method"], path, query, headers, payload)

    def image(self):
        starts = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0",
                  b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02"]
        return self.random.choice(starts) + self.random.randbytes(self.random.choice([0, 9, 3000]))

    def quoted(self, text):
        safe = self.random.choice(["", "", "", "/", "/%.:"])
        return urllib.parse.quote(text.encode(errors="replace"), safe=safe) or "%20"

    def mutated(self, method, path, query, headers, payload):
        """The bytes to send, and whether an answer must come."""
        chance = self.random.random
        if chance() < 0.04:
            method = self.random.choice(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS",
                                         "TRACE", "BREW", "get"])
        if chance() < 0.05:
            path = self.random.choice([
                path + "/", path + "/../..", "/" + path, path.replace("2020-11-20", "x"), "/", "//",
                "/%2e%2e/%2e%2e/etc/passwd", path + "%", path + "%zz", "/" + "a/" * 300,
                "/2020-11-20/projects/" + "%00" * 20, path.upper(), "*", "/health", "/metrics"])
        if chance() < 0.06:
            query.append((self.random.choice(TEXTS[:30]), self.random.choice(TEXTS[:30])))
        if chance() < 0.06 and payload:
            cut = self.random.randrange(len(payload))
            payload = self.random.choice([
                payload[:cut], payload + b"}", payload[:cut] + self.random.randbytes(4) + payload[cut:],
                b"\xff\xfe" + payload, b"[" * 5000, b'{"a":' * 3000, payload * 2, b"null", b"7"])
        if chance() < 0.06:
            headers.append(self.random.choice(HEADERS))
        text = "&".join(f"{self.quoted(k)}={self.quoted(v)}" for k, v in query)
        headers = [(k, v.encode(errors="replace").decode("latin-1")
                    .replace("\r", "").replace("\n", "").replace("\x00", "")) for k, v in headers]
        if chance() < 0.97:
            headers = self.sign(method, path, query, payload, headers)
        if chance() < 0.03:
            headers = [(k, v[:-1] if k == "Authorization" else v) for k, v in headers]
        target = path + ("?" + text if text else "")
        names = [k.lower() for k, _ in headers]
        if "host" not in names:
            headers.append(("Host", "localhost"))
        is_odd = any(k in ("content-length", "transfer-encoding", "upgrade") for k in names)
        if payload and not is_odd:
            headers.append(("Content-Length", str(len(payload))))
        lines = [f"{method} {target} HTTP/1.1"] + [f"{k}: {v}" for k, v in headers]
        sent = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", errors="replace") + payload
        if chance() < 0.02:
            return sent[:self.random.randrange(len(sent))], False
        if chance() < 0.01:
            place = self.random.randrange(len(sent))
            return sent[:place] + self.random.randbytes(6) + sent[place:], False
        return sent, not is_odd and "expect" not in names

    def sign(self, method, path, query, payload, headers):
        access, secret = self.credentials
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        all_headers = [("Host", "localhost"), ("X-Amz-Date", stamp)] + headers
        merged = {}
        for name, value in all_headers:
            merged.setdefault(name.lower(), []).append(" ".join(value.split()))
        names = sorted(merged)
        segments = []
        for segment in path.split("/"):
            if segment == "..":
                segments = segments[:-1]
            elif segment not in ("", "."):
                segments.append(segment)
        quote = lambda text: urllib.parse.quote(text.encode(errors="replace"), safe="-_.~")
        canonical_path = "/" + "/".join(quote(s) for s in segments)
        if path.endswith("/") and segments:
            canonical_path += "/"
        canonical = "\n".join([
            method, canonical_path, "&".join(sorted(f"{quote(k)}={quote(v)}" for k, v in query)),
            "".join(f"{n}:{','.join(merged[n])}\n" for n in names), ";".join(names),
            hashlib.sha256(payload).hexdigest()])
        scope = f"{stamp[:8]}/{REGION}/{SERVICE}/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                             hashlib.sha256(canonical.encode(errors="replace")).hexdigest()])
        key = ("AWS4" + secret).encode()
        for part in (stamp[:8], REGION, SERVICE, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        return all_headers + [("Authorization", (
            f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={';'.join(names)}, "
            f"Signature={signature}"))]


class Connection:
    """One keep-alive connection that is opened again when the server has closed it."""

    def __init__(self, port):
        self.port = port
        self.file = self.socket = None

    def open(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.file = self.socket.makefile("rb")

    def close(self):
        if self.socket:
            self.file.close()
            self.socket.close()
        self.socket = None

    def exchange(self, sent, must_answer):
        """The status, or None when the server just closed."""
        if self.socket is None:
            self.open()
        try:
            self.socket.sendall(sent)
            if not must_answer:
                # What is cut off, or lies about its length, may wait for ever.
                self.socket.shutdown(socket.SHUT_WR)
            status = self.read(sent.startswith(b"HEAD "))
        except ConnectionError:
            status = None
        except OSError as error:
            # The other side had closed before ours did.
            if error.errno != errno.ENOTCONN:
                raise
            status = None
        if not must_answer or status is None:
            self.close()
        return status

    def read(self, is_head):
        line = self.file.readline()
        if not line:
            return None
        status = int(line.split()[1])
        length, close = 0, False
        while (header := self.file.readline().strip()):
            name, _, value = header.lower().partition(b":")
            if name == b"content-length":
                length = int(value)
            close |= name == b"connection" and value.strip() == b"close"
        if status == 100:
            return self.read(is_head)
        if not is_head and status != 204:
            self.file.read(length)
        if close or status == 400:
            # The parser's own answer ends the connection without saying so.
            self.close()
        return status


def resident_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def work(service, seed, credentials, port, count):
    """Statuses by number; raises with what was sent when one is a server's fault."""
    generator, connection, statuses = Generator(service, seed, credentials), Connection(port), {}
    for number in range(count):
        sent, must_answer = generator.request()
        status = connection.exchange(sent, must_answer)
        if status is not None and status >= 500:
            raise AssertionError(f"seed {seed}, request {number}: {status} for {sent[:3000]!r}")
        statuses[status] = statuses.get(status, 0) + 1
    connection.close()
    return statuses


def service_model(spotter):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([spotter, "sdk-model", "install", "--directory", folder], check=True,
                       stdout=subprocess.DEVNULL)
        path = pathlib.Path(folder, "lookoutvision", "2020-11-20", "service-2.json")
        return json.loads(path.read_text())


@contextlib.contextmanager
def server(spotter, *arguments):
    """A fresh server: its process, port, key and log."""
    with tempfile.TemporaryDirectory() as folder:
        log = open(pathlib.Path(folder, "log"), "w+")
        process = subprocess.Popen(
            [spotter, "serve", "--data-directory", f"{folder}/data", "--port", "0", "--log-level",
             "error", *arguments], stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            port = next(int(x.rsplit(":", 1)[1]) for x in process.stdout if "listening" in x)
            text = pathlib.Path(folder, "data", "credentials").read_text()
            values = dict(line.split(" = ") for line in text.splitlines() if " = " in line)
            yield (process, port, (values["aws_access_key_id"], values["aws_secret_access_key"]),
                   log)
        finally:
            process.kill()
            process.wait()


def run(spotter, requests, seed, workers=WORKERS):
    """Fuzzes a fresh server; returns the statuses and the memory before and after."""
    limits = ["projects=12", "models=40", "audit-file-bytes=1000000"]
    with server(spotter, *(x for limit in limits for x in ("--limit", limit))) as (
            process, port, credentials, log):
        service = service_model(spotter)
        statuses, memory = {}, []
        for share in (requests // 10, requests - requests // 10):
            with concurrent.futures.ProcessPoolExecutor(workers) as pool:
                parts = [pool.submit(work, service, seed * 1000 + len(memory) * 100 + i,
                                     credentials, port, -(-share // workers))
                         for i in range(workers)]
                for part in parts:
                    for status, count in part.result().items():
                        statuses[status] = statuses.get(status, 0) + count
            time.sleep(1)
            assert process.poll() is None, f"the server ended with {process.returncode}"
            memory.append(resident_mb(process.pid))
        log.seek(0)
        lines = log.read()
        assert "Request failed" not in lines, lines[-3000:]
        return statuses, memory


def check(statuses, memory):
    assert memory[1] - memory[0] < GROWTH_MB_MAX, f"the memory grew: {memory} MB"
    # A fuzzer that is turned away at the door tests the door only.
    total = sum(statuses.values())
    good = sum(count for status, count in statuses.items() if status in (200, 202))
    assert good > total / 20, statuses


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spotter", default=ROOT / ".build" / "debug" / "spotter")
    options = parser.parse_args()
    began = time.time()
    statuses, memory = run(options.spotter, options.requests, options.seed)
    print(f"{sum(statuses.values())} requests in {time.time() - began:.0f} s")
    print("answers: " + ", ".join(f"{k}: {v}" for k, v in sorted(
        statuses.items(), key=lambda item: -item[1])))
    print(f"memory: {memory[0]:.0f} MB after a tenth, {memory[1]:.0f} MB at the end")
    check(statuses, memory)
