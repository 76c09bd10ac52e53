"""The event files, and what they are answered with.

`events/expected.json` says for each file: `status` (and the error's `code`) in a fresh local world; `after`: the same once another
file was dispatched, the example session being replaced by the one that it opened; `signed`: the same with a fresh signature.
"""

import base64
import copy
import json
import re
import secrets
from datetime import datetime, timezone

from standardwebhooks.webhooks import Webhook

from world import OMI_WEBHOOK_SECRET, ROOT

EXAMPLE_SESSION = re.compile(r"ses_019aa0b0-7c00-7000-8000-000000000001")
FUNCTIONS = sorted((path.parent.name for path in ROOT.glob("functions/*/Cargo.toml")), key=len, reverse=True)


def expected():
    return json.loads((ROOT / "events" / "expected.json").read_text())


def load(file):
    return json.loads((ROOT / "events" / file).read_text())


def function_of(file):
    """The function whose name the file's begins with."""
    return next(name for name in FUNCTIONS if file.startswith(f"{name}-"))


def signed(event, secret=OMI_WEBHOOK_SECRET):
    """The same delivery, signed now by the sender's own library."""
    event = copy.deepcopy(event)
    body = event["body"]
    text = base64.b64decode(body).decode() if event["isBase64Encoded"] else body
    event["headers"] |= signature(text, secret)
    return event


def signature(text, secret=OMI_WEBHOOK_SECRET, ident=None, at=None):
    """The three headers of a delivery."""
    ident, at = ident or f"msg_{secrets.token_hex(12)}", at or datetime.now(timezone.utc)
    return {
        "webhook-id": ident,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(ident, at, text),
    }


def rehearse(checks, invoke):
    """Dispatches every file in every documented circumstance; `invoke(function, event)` gives the function's answer."""
    dispatched = set()
    for file, wanted in sorted(expected().items()):
        function, event = function_of(file), load(file)
        answer = invoke(function, event)
        body = json.loads(answer.get("body") or "{}")
        found = (answer.get("statusCode"), body.get("error", {}).get("code"))
        checks.that(f"{file} is answered as documented", found == (wanted["status"], wanted.get("code")), found)
        if "after" in wanted:
            first = wanted["after"]["event"]
            opened = json.loads(invoke(function_of(first), load(first)).get("body") or "{}").get("sessionId")
            later = json.loads(EXAMPLE_SESSION.sub(opened, json.dumps(event))) if opened else event
            found = invoke(function, later).get("statusCode")
            checks.that(f"{file} after {first}", found == wanted["after"]["status"], found)
        if "signed" in wanted:
            found = invoke(function, signed(event)).get("statusCode")
            checks.that(f"{file}, freshly signed", found == wanted["signed"]["status"], found)
        dispatched.add(function)
    checks.that("every function has event files", dispatched == set(FUNCTIONS), sorted(set(FUNCTIONS) - dispatched))
    files = {path.name for path in (ROOT / "events").glob("*.json")} - {"expected.json"}
    checks.that("every event file has its answer documented", files == set(expected()), sorted(files ^ set(expected())))
