"""In a real browser: a stranger's page reads nothing of the local world and changes nothing in it; a page that is named may."""

import http.client
import http.server
import json
import pathlib
import shutil
import tempfile
import threading

import events
from checklist import Checklist
from chromium import command_line
from world import LOCAL_KEY, OPENAI_API_KEY, SCRATCH, World, end, free_port, launch

HERE = pathlib.Path(__file__).parent
# What a stranger's page can call itself. Every name leads to this machine; no other name leads anywhere.
STRANGERS = ["127.0.0.1", "localhost", "evil.localhost", "evil.example"]
RESOLVER = "MAP evil.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1"
PATIENCE_SECS = 120


class Site:
    """A page on an origin of its own, which is told its plan and reports back."""

    def __init__(self, page, plan, port=None):
        self.page, self.plan, self.report = page, plan, None
        self.reported = threading.Event()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                found = {"/": ("text/html; charset=utf-8", site.page),
                         "/plan": ("application/json", json.dumps(site.plan))}.get(self.path)
                self.answer(200 if found else 404, *(found or ("text/plain", "")))

            def do_POST(self):
                site.report = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self.answer(204, "text/plain", "")
                site.reported.set()

            def answer(self, status, content_type, text):
                self.send_response(status)
                self.send_header("content-type", content_type)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port or 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def visit(self, host):
        """Opens the page in a browser without a past, and gives what it reports."""
        SCRATCH.mkdir(parents=True, exist_ok=True)
        profile = tempfile.mkdtemp(prefix="profile-", dir=SCRATCH)
        command = [*command_line(profile, RESOLVER), f"http://{host}:{self.port}/"]
        with (SCRATCH / "chromium.log").open("ab") as log:
            browser = launch(command, log)
        self.reported.wait(PATIENCE_SECS)
        end(browser)
        shutil.rmtree(profile, ignore_errors=True)
        self.server.shutdown()
        return self.report


def requests(world):
    """What a stranger would like to do: read and change, at every port."""
    ports = world.endpoints
    aws = {"x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0"}
    vault = {"x-amz-target": "secretsmanager.ListSecrets", "content-type": "application/x-amz-json-1.1"}
    fault = {"provider": "omi", "fault": "status", "status": 500, "times": 99}
    key = {"authorization": f"Bearer {LOCAL_KEY}", "content-type": "application/json"}
    wishes = [
        ("health", "gateway", "/api/health", "GET", None, {}),
        ("a session", "gateway", "/api/voice/session", "POST", {"userId": "stranger"}, {"content-type": "application/json"}),
        ("a session with the key", "gateway", "/api/voice/session", "POST", {"userId": "stranger"}, key),
        ("a webhook", "gateway", "/api/webhook", "POST", {"event": "session.ended", "data": {}}, {}),
        ("the clock", "gateway", "/_sim/clock", "POST", {"advanceSecs": 86400}, {}),
        ("the requests", "gateway", "/_sim/requests", "GET", None, {}),
        ("faults", "gateway", "/_sim/faults", "POST", fault, {}),
        ("no faults", "gateway", "/_sim/faults", "DELETE", {}, {}),
        ("tables", "dynamodb", "/", "POST", {}, aws),
        ("secrets", "secretsManager", "/", "POST", {}, vault),
        ("the bucket", "s3", "/switchboard-local?list-type=2", "GET", None, {}),
        ("an object", "s3", "/switchboard-local/uploads/stranger", "PUT", {"a": "stranger"}, {}),
        ("a session at OMI", "omi", "/sessions", "POST", {"sessionId": "stranger"}, {"content-type": "application/json"}),
        ("OMI's health", "omi", "/health", "GET", None, {}),
        ("OpenAI's models", "openai", "/models", "GET", None, {"authorization": f"Bearer {OPENAI_API_KEY}"}),
        ("a credential at OpenAI", "openai", "/realtime/client_secrets", "POST", {}, {"authorization": f"Bearer {OPENAI_API_KEY}"}),
    ]
    return [
        {"name": f"{name} at {url}", "url": url + path, "method": method, "body": json.dumps(body), "headers": headers}
        for name, part, path, method, body, headers in wishes
        for url in names_of(ports[part])
    ]


def names_of(url):
    """The port by the name that is published, and by one that a stranger can give to this machine."""
    host = url.split("/")[2].split(":")[0]
    return [url, url.replace(host, "evil.example")]


def state(world):
    """Everything that could have been read or changed."""
    dynamodb, vault, s3 = (world.client(name) for name in ("dynamodb", "secretsmanager", "s3"))
    tables = {table: list_all(dynamodb, table) for table in dynamodb.list_tables()["TableNames"]}
    secrets = [vault.get_secret_value(SecretId=one["Name"])["SecretString"] for one in vault.list_secrets()["SecretList"]]
    objects = [one["Key"] for one in s3.list_objects_v2(Bucket="switchboard-local").get("Contents", [])]
    sim = {path: world.ask("GET", f"/_sim/{path}").json for path in ("requests", "deliveries", "webhook-urls")}
    offset = world.ask("GET", "/_sim/clock").json["offsetSecs"]
    assert not any("error" in part for part in sim.values()), sim
    parts = {"tables": tables, "secrets": secrets, "objects": objects, "offset": offset} | sim
    return {name: json.dumps(part, sort_keys=True, default=repr) for name, part in parts.items()}


def changes(before, after):
    return {name: (before[name][:300], after[name][:300]) for name in before if before[name] != after[name]}


def list_all(dynamodb, table):
    pages = dynamodb.get_paginator("scan").paginate(TableName=table)
    return sorted(json.dumps(item, sort_keys=True, default=repr) for page in pages for item in page["Items"])


def strangers(checks, world):
    page = (HERE / "stranger.html").read_text()
    for host in STRANGERS:
        before = state(world)
        report = Site(page, {"requests": requests(world)}).visit(host)
        if not checks.that(f"the page at {host} reports", report is not None):
            continue
        checks.section(f"a page at {host} tried {report['tried']} requests and read {len(report['read'])}")
        checks.that(f"the page at {host} tried everything", report["tried"] > 100, report["tried"])
        checks.that(f"the page at {host} can read nothing", report["read"] == [], report["read"][:3])
        changed = changes(before, state(world))
        checks.that(f"the page at {host} has changed nothing", changed == {}, changed)
    found = world.ask("POST", "/api/voice/session", {"userId": "after"}, key=LOCAL_KEY).status
    checks.that("no fault was armed", found == 201, found)


def friend(checks, world, port):
    wav = json.loads(events.load("process-audio.json")["body"])["input"]["content"]
    page = (HERE / "friend.html").read_text().replace("RIFF_WAV", wav)
    before = state(world)
    report = Site(page, {"gateway": world.gateway, "key": LOCAL_KEY}, port).visit("app.localhost")
    wanted = {
        "opened": 201, "requestId": True, "turn": 200, "text": True, "uploaded": 200, "heard": 200,
        "transcription": "My invoice is too high.", "ended": 200, "controlPlane": "refused",
    }
    checks.section("a page that CORS_ORIGIN names")
    checks.that("it uses the API, and not the control plane", report == wanted, report)
    # The same look that finds nothing after a stranger finds this.
    checks.that("what it changed shows", {"tables", "requests"} <= set(changes(before, state(world))))


def forged_hosts(checks, world):
    checks.section("forged hosts")
    for name, url in world.endpoints.items():
        authority = url.split("/")[2]
        for host in ("evil.example", f"evil.example:{authority.split(':')[1]}", "localhost.evil.example", "0.0.0.0"):
            connection = http.client.HTTPConnection(authority)
            connection.request("GET", "/api/health", headers={"host": host})
            found = connection.getresponse().status
            checks.that(f"{name} does not answer as {host}", found == 421, found)


def main():
    checks = Checklist("pages in a real browser")
    port = free_port()
    with World("--still", environment={"CORS_ORIGIN": f"http://app.localhost:{port}"}) as world:
        forged_hosts(checks, world)
        strangers(checks, world)
        friend(checks, world, port)
    checks.close()


if __name__ == "__main__":
    main()
