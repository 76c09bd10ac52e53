"""A local world of its own for a check: `cargo dev` with a fresh directory on free ports, stopped when the check ends."""

import atexit
import json
import os
import pathlib
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRATCH = ROOT / "target" / "ci"
LOCAL_KEY = "sk_sb_local_0000000000000000"
OTHER_KEY = "sk_sb_other_0000000000000000"
OMI_WEBHOOK_SECRET = "whsec_bG9jYWwtb21pLXdlYmhvb2stc2VjcmV0LTAwMDE="
OPENAI_API_KEY = "sk-local-openai-0000"
OPENAI_WEBHOOK_SECRET = "whsec_bG9jYWwtb3BlbmFpLXdlYmhvb2stc2VjcmV0LTE="
TWILIO_AUTH_TOKEN = "12345"

# A check that is told to stop still runs its `finally` blocks, so that its children stop with it.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def launch(command, log, **options):
    """A child that does not outlive this process."""
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, **options)
    atexit.register(end, process)
    return process


def end(process, ask=signal.SIGTERM):
    """Asks a child to stop, and stops it if it does not."""
    if process.poll() is None:
        process.send_signal(ask)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(condition, seconds, what):
    """Waits until `condition()` gives something; fails with `what` after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise TimeoutError(f"{what} took longer than {seconds} s")


class Answer:
    """An HTTP answer, whatever its status."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body) if self.body else None


def ask(method, url, body=None, headers=None, timeout=35):
    """One request; a dict is sent as JSON."""
    headers = dict(headers or {})
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
        headers.setdefault("content-type", "application/json")
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


class World:
    """`with World() as world:` serves until the block ends. `environment` is added to that of `cargo dev`."""

    def __init__(self, *arguments, environment=None):
        SCRATCH.mkdir(parents=True, exist_ok=True)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="world-", dir=SCRATCH))
        self.log = self.directory / "log"
        self.arguments, self.environment = arguments, environment or {}

    def __enter__(self):
        command = ["cargo", "dev", "--port", "0", "--data", str(self.directory), *self.arguments]
        with self.log.open("wb") as log:
            # cargo replaces itself with the program, so that this is the world's own pid.
            self.process = launch(command, log, cwd=ROOT, env=os.environ | self.environment)
        until(self._ready, 300, "the start of the local world")
        self.endpoints = json.loads((self.directory / "world.json").read_text())
        self.gateway = self.endpoints["gateway"]
        return self

    def _ready(self):
        text = self.log.read_text(errors="replace")
        if self.process.poll() is not None:
            raise RuntimeError(f"the local world did not start:\n{text}")
        return any(line.startswith("ready ") for line in text.splitlines())

    def __exit__(self, *_):
        end(self.process)
        shutil.rmtree(self.directory, ignore_errors=True)

    def ask(self, method, path, body=None, key=None, headers=None):
        headers = dict(headers or {})
        if key:
            headers["authorization"] = f"Bearer {key}"
        return ask(method, self.gateway + path, body, headers)

    def dev(self, *arguments):
        """What another command of `cargo dev` prints about this world."""
        command = ["cargo", "dev", *arguments, "--data", str(self.directory)]
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    def function_environment(self, function):
        lines = self.dev("env", function).splitlines()
        return dict(shlex.split(line)[0].split("=", 1) for line in lines)

    def client(self, service):
        """A boto3 client for one of the stand-ins."""
        import boto3
        from botocore.config import Config

        endpoint = self.endpoints[{"secretsmanager": "secretsManager"}.get(service, service)]
        settings = self.function_environment("process")
        return boto3.client(
            service, endpoint_url=endpoint, region_name=settings["AWS_REGION"],
            aws_access_key_id=settings["AWS_ACCESS_KEY_ID"], aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )
