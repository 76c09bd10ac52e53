"""Deliveries signed by the official `twilio` package, and what the function `webhook` makes of them: it must believe exactly what the
package's own validator believes, and what the package leaves unchecked it must refuse.

By itself it starts a local world. To use one that runs, name its gateway: GATEWAY_URL. Shared keys need a world of its own.
"""

import contextlib
import json
import os
import urllib.error
import urllib.request
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlparse

from checks import Checks
from twilio.request_validator import HMAC_SHA256, SIGNATURE_HEADER, SIGNATURE_SETTINGS_HEADER, RequestValidator

ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "12345"
SHARED_KEY = ("SK0123456789abcdef0123456789abcdef", "a-shared-key-of-the-account")
PATH = "/webhooks/twilio"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class Values(dict):
    """Parameters of which one may have several values, as web frameworks give them to the package."""

    def __init__(self, pairs):
        super().__init__()
        for name, value in pairs:
            self.setdefault(name, []).append(value)

    def getlist(self, name):
        return self[name]


def status(number, *more):
    return [
        ("AccountSid", ACCOUNT_SID), ("CallSid", f"CA{number:032x}"), ("CallStatus", "ringing"), ("From", "+15005550100"),
        ("To", "+15005550001"), ("CallerName", "Ümit & Söhne + 1/2 = ½ سالم"), ("SequenceNumber", str(number)), *more,
    ]


def deliver(gateway, method, query, headers, body):
    """Sends exactly these bytes; answers the status and whether the delivery was received."""
    url = gateway + PATH + (f"?{query}" if query else "")
    request = urllib.request.Request(url, data=body if method == "POST" else None, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read()).get("received")
    except urllib.error.HTTPError as refused:
        return refused.code, len(refused.read()) == 0 and None


BELIEVED, REFUSED = (200, True), (401, None)


class Sender:
    """Twilio, as far as its package signs for it."""

    def __init__(self, checks, gateway):
        self.checks, self.gateway, self.number = checks, gateway, 0
        self.validator = RequestValidator(AUTH_TOKEN)
        parsed = urlparse(gateway)
        self.spellings = {"with the port": gateway, "without the port": f"{parsed.scheme}://{parsed.hostname}"}

    def next(self, *more):
        self.number += 1
        return status(self.number, *more)

    def agrees(self, sentence, params, signature, method, query, headers, body, algorithm=None):
        """Whether we and the package's validator come to the same verdict about what arrived."""
        url = self.gateway + PATH + (f"?{query}" if query else "")
        theirs = self.validator.validate(url, params, signature, algorithm)
        ours = deliver(self.gateway, method, query, {**headers, SIGNATURE_HEADER: signature}, body)
        self.checks.that(f"{sentence}: both say {'yes' if theirs else 'no'}", ours == (BELIEVED if theirs else REFUSED), (theirs, ours))
        return theirs

    def form(self, sentence, pairs, query="", base=None, change=None, token=AUTH_TOKEN):
        """A form as it is signed, and as it arrives after a change."""
        base = base or self.gateway
        signature = RequestValidator(token).compute_signature(base + PATH + (f"?{query}" if query else ""), Values(pairs))
        body = urlencode(change(pairs) if change else pairs).encode()
        arrived = Values(parse_qsl(body.decode(), keep_blank_values=True))
        return self.agrees(sentence, arrived, signature, "POST", query, {"Content-Type": FORM}, body)

    def json(self, sentence, base=None, query="", change=None):
        base = base or self.gateway
        body = json.dumps(dict(self.next())).encode()
        query = "&".join(filter(None, [query, f"bodySHA256={sha256(body).hexdigest()}"]))
        signature = self.validator.compute_signature(f"{base}{PATH}?{query}", {})
        body = change(body) if change else body
        return self.agrees(sentence, body.decode(), signature, "POST", query, {"Content-Type": JSON}, body)

    def get(self, sentence, base=None, change=None):
        base = base or self.gateway
        query = urlencode(self.next())
        signature = self.validator.compute_signature(f"{base}{PATH}?{query}", {})
        query = change(query) if change else query
        return self.agrees(sentence, {}, signature, "GET", query, {}, None)


def good(checks, sender):
    print("what is as it was signed")
    for spelling, base in sender.spellings.items():
        believed = [
            sender.form(f"a form signed {spelling}", sender.next(), base=base),
            sender.form(f"a form with a query, {spelling}", sender.next(), "call=x&note=%2f+1&empty=", base),
            sender.form(f"a form with a name twice, {spelling}",
                        sender.next(("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "a"), ("A", "")), base=base),
            sender.json(f"JSON signed {spelling}", base),
            sender.json(f"JSON with a query, {spelling}", base, "call=x&note=%2f+1"),
            sender.get(f"a GET signed {spelling}", base),
        ]
        checks.that(f"and all of them yes, {spelling}", all(believed), believed)
    again = sender.next()
    sender.form("a form", again)
    sender.form("and the same once more", again)


def bad(checks, sender):
    print("what is not")
    believed = [
        sender.form("a changed value", sender.next(), change=lambda pairs: pairs[:2] + [("CallStatus", "busy")] + pairs[3:]),
        sender.form("a parameter more", sender.next(), change=lambda pairs: [*pairs, ("Digits", "1")]),
        sender.form("a parameter less", sender.next(), change=lambda pairs: pairs[:-1]),
        sender.form("another host", sender.next(), base="http://example.com"),
        sender.json("a changed body", change=lambda body: body.replace(b"ringing", b"busy")),
        sender.json("a body written anew", change=lambda body: json.dumps(json.loads(body), indent=1).encode()),
        sender.get("a changed query", change=lambda query: query.replace("ringing", "busy")),
        sender.get("a query in another order", change=lambda query: "&".join(reversed(query.split("&")))),
        sender.form("another token", sender.next(), token="54321"),
    ]
    checks.that("and none of them yes", not any(believed), believed)
    body = json.dumps(dict(sender.next())).encode()
    signature = sender.validator.compute_signature(sender.gateway + PATH, {})
    theirs = sender.validator.validate(sender.gateway + PATH, {}, signature)
    ours = deliver(sender.gateway, "POST", "", {"Content-Type": JSON, SIGNATURE_HEADER: signature}, body)
    checks.that("JSON without its hash, which nothing vouches for, is refused though the package takes it",
                theirs and ours == REFUSED, (theirs, ours))
    checks.that("nothing is believed without a signature",
                deliver(sender.gateway, "POST", "", {"Content-Type": FORM}, urlencode(sender.next()).encode()) == REFUSED)


def shared_keys(checks, world):
    print("shared keys")
    secret = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
              "TWILIO_SHARED_KEYS": [{"kid": SHARED_KEY[0], "value": SHARED_KEY[1]}]}
    world.client("secretsmanager").put_secret_value(SecretId="switchboard/twilio-webhook", SecretString=json.dumps(secret))
    validator, url = RequestValidator(SHARED_KEY[1]), world.gateway + PATH
    for sentence, key, algorithm, expected in [
        ("a shared key that we have is believed", SHARED_KEY[0], HMAC_SHA256, BELIEVED),
        ("one that we have not is refused", "SKother", HMAC_SHA256, REFUSED),
        ("and so is one under a weaker algorithm", SHARED_KEY[0], "HMAC_SHA1", REFUSED),
    ]:
        pairs = status(1000)
        headers = {"Content-Type": FORM, SIGNATURE_HEADER: validator.compute_signature(url, Values(pairs), algorithm),
                   SIGNATURE_SETTINGS_HEADER: f"key={key},algorithm={algorithm}"}
        found = deliver(world.gateway, "POST", "", headers, urlencode(pairs).encode())
        checks.that(sentence, found == expected, found)
    signature = RequestValidator(AUTH_TOKEN).compute_signature(url, Values(pairs))
    headers = {"Content-Type": FORM, SIGNATURE_HEADER: signature,
               SIGNATURE_SETTINGS_HEADER: f"key={SHARED_KEY[0]},algorithm={HMAC_SHA256}"}
    found = deliver(world.gateway, "POST", "", headers, urlencode(pairs).encode())
    checks.that("the token's signature is none of the shared key's", found == REFUSED, found)


@contextlib.contextmanager
def endpoints():
    """The gateway, and the world if it is our own."""
    named = os.environ.get("GATEWAY_URL")
    if named:
        yield named, None
        return
    from world import World

    with World() as world:
        yield world.gateway, world


def main():
    checks = Checks()
    with endpoints() as (gateway, world):
        sender = Sender(checks, gateway)
        good(checks, sender)
        # Before anything is refused: a new key is looked for at once, but not again and again.
        if world:
            shared_keys(checks, world)
        bad(checks, sender)
    checks.close()


if __name__ == "__main__":
    main()
