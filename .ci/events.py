"""The event files, and what they are answered with.

`events/expected.json` says for each file: `status` (and the error's `code`) in a fresh local world, `null` where the function answers
nothing; `after`: the same once another file was dispatched, the example session or call being replaced by the one that it made;
`signed`: the same as its sender would deliver it now, with a fresh signature or at an address that holds.
"""

import base64
import copy
import json
import secrets
from datetime import datetime, timezone
from urllib.parse import parse_qsl

from standardwebhooks.webhooks import Webhook
from twilio.request_validator import RequestValidator

from world import OMI_WEBHOOK_SECRET, OPENAI_WEBHOOK_SECRET, ROOT, TWILIO_AUTH_TOKEN

# What events speak of, by the field of the answer that names it.
EXAMPLES = {
    "agentId": "70001930",
    "sessionId": "ses_019aa0b0-7c00-7000-8000-000000000001",
    "callId": "call_019aa0b0-7c00-7000-8000-000000000002",
    "rtsId": "rts_019aa0b0-7c00-7000-8000-000000000003",
    "leaseSecret": "lse_1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    # A chat's.
    "id": "cksess_0123456789abcdef0123456789abcdef",
}
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
    event["headers"] |= signature(text_of(event), secret)
    return event


def text_of(event):
    body = event.get("body") or ""
    return base64.b64decode(body).decode() if event["isBase64Encoded"] else body


def signed_by_twilio(event):
    """The same delivery, signed by Twilio's own library: over the address and the form."""
    event = copy.deepcopy(event)
    query = event["rawQueryString"]
    url = f"https://{event['requestContext']['domainName']}{event['rawPath']}" + (f"?{query}" if query else "")
    form = dict(parse_qsl(text_of(event), keep_blank_values=True))
    event["headers"]["x-twilio-signature"] = RequestValidator(TWILIO_AUTH_TOKEN).compute_signature(url, form)
    return event


def at_its_address(event, sender, world):
    """The same delivery at an address that the sender was given."""
    urls = world.ask("GET", "/_sim/webhook-urls").json["urls"]
    token = next(known["url"] for known in urls if known["provider"] == sender).rsplit("/", 1)[1]
    return json.loads(json.dumps(event).replace(event["pathParameters"]["token"], token))


def as_delivered_now(event, world):
    match event["rawPath"].split("/"):
        case ["", "webhooks", "twilio"]:
            return signed_by_twilio(event)
        case ["", "webhooks", "openai"]:
            return signed(event, OPENAI_WEBHOOK_SECRET)
        case ["", "webhooks", sender, _]:
            return at_its_address(event, sender, world)
        case _:
            return signed(event)


def about(event, answer):
    """The same event about what another one's answer names."""
    text = json.dumps(event)
    for field, example in EXAMPLES.items():
        text = text.replace(example, answer.get(field) or example)
    return json.loads(text)


def read(answer):
    """Status and body of an answer; a function of the schedule answers nothing."""
    answer = answer or {}
    return answer.get("statusCode"), json.loads(answer.get("body") or "{}") if is_json(answer) else {}


def is_json(answer):
    headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
    return headers.get("content-type", "").startswith("application/json")


def signature(text, secret=OMI_WEBHOOK_SECRET, ident=None, at=None):
    """The three headers of a delivery."""
    ident, at = ident or f"msg_{secrets.token_hex(12)}", at or datetime.now(timezone.utc)
    return {
        "webhook-id": ident,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(ident, at, text),
    }


def rehearse(checks, world, invoke):
    """Dispatches every file in every documented circumstance; `invoke(function, event)` gives the function's answer."""
    dispatched = set()
    for file, wanted in sorted(expected().items()):
        function, event = function_of(file), load(file)
        status, body = read(invoke(function, event))
        found = (status, body.get("error", {}).get("code"))
        checks.that(f"{file} is answered as documented", found == (wanted["status"], wanted.get("code")), found)
        if "after" in wanted:
            first = wanted["after"]["event"]
            _, made = read(invoke(function_of(first), load(first)))
            found = read(invoke(function, about(event, made)))[0]
            checks.that(f"{file} after {first}", found == wanted["after"]["status"], found)
        if "signed" in wanted:
            found = read(invoke(function, as_delivered_now(event, world)))[0]
            checks.that(f"{file}, as delivered now", found == wanted["signed"]["status"], found)
        dispatched.add(function)
    checks.that("every function has event files", dispatched == set(FUNCTIONS), sorted(set(FUNCTIONS) - dispatched))
    files = {path.name for path in (ROOT / "events").glob("*.json")} - {"expected.json"}
    checks.that("every event file has its answer documented", files == set(expected()), sorted(files ^ set(expected())))
