"""Deliveries of OMI and OpenAI as another implementation signs them: the PyPI package `standardwebhooks`.

What it signs is accepted; the same with one bit flipped anywhere is not; while a secret is rotated nothing is refused.
"""

import base64
import dataclasses
import http.client
import json
import secrets
from datetime import datetime, timedelta, timezone

import events
from checklist import Checklist
from emulator import Emulator
from world import OMI_WEBHOOK_SECRET, OPENAI_WEBHOOK_SECRET, World


@dataclasses.dataclass
class Sender:
    """Who signs, with what, and something that it says of which nothing follows."""

    name: str
    path: str
    secret_name: str
    key: str
    secret: str
    file: str
    body: bytes


SENDERS = [
    Sender(
        "OMI", "/api/webhook", "switchboard/omi-webhook", "OMI_WEBHOOK_SECRET", OMI_WEBHOOK_SECRET, "webhook-omi-unknown-event.json",
        json.dumps({"event": "session.sang", "data": {"sessionId": "none"}, "timestamp": "2026-11-01T12:00:00Z"}).encode(),
    ),
    Sender(
        "OpenAI", "/webhooks/openai", "switchboard/openai-webhook", "OPENAI_WEBHOOK_SECRET", OPENAI_WEBHOOK_SECRET,
        "webhook-openai-other-event.json",
        json.dumps({"id": "evt_1", "object": "event", "created_at": 1793534400, "type": "response.completed", "data": {"id": "r"}}).encode(),
    ),
]


class Door:
    """The gateway, over one connection, with headers sent byte by byte as they are given."""

    def __init__(self, world, sender):
        self.sender = sender
        self.authority = world.gateway.removeprefix("http://")
        self.connection = http.client.HTTPConnection(self.authority)

    def deliver(self, headers, body=None):
        body = self.sender.body if body is None else body
        self.connection.putrequest("POST", self.sender.path)
        for name, value in (headers | {"content-type": "application/json", "content-length": str(len(body))}).items():
            self.connection.putheader(name, value)
        self.connection.endheaders(body)
        response = self.connection.getresponse()
        text = response.read()
        return response.status, text

    def signature(self, secret=None, at=None):
        return events.signature(self.sender.body.decode(), secret or self.sender.secret, at=at)

    def deliver_signed(self, secret=None, at=None):
        return self.deliver(self.signature(secret, at))


def flips(data):
    """The same bytes with one bit flipped, for every bit."""
    for place in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[place] ^= 1 << bit
            yield bytes(flipped)


def can_be_sent(value):
    """Visible ASCII: anything else no HTTP client sends in a header."""
    return all(0x20 < byte < 0x7F for byte in value)


def acceptance(checks, door):
    checks.section("a delivery, and the same once more")
    headers = door.signature()
    for duplicate in (False, True, True):
        found = door.deliver(headers)
        checks.that("it is accepted, and known the next time", found[0] == 200
                    and json.loads(found[1]) == {"received": True, "duplicate": duplicate}, found)
    for minutes in (-6, 6):
        found = door.deliver_signed(at=datetime.now(timezone.utc) + timedelta(minutes=minutes))
        checks.that(f"signed {minutes} minutes from now it is refused", found == (401, b""), found)
    other = "whsec_" + "A" * 44
    found = door.deliver_signed(secret=other)
    checks.that("signed with another secret it is refused", found == (401, b""), found)
    headers = door.signature()
    both = events.signature(door.sender.body.decode(), other, headers["webhook-id"],
                            datetime.fromtimestamp(int(headers["webhook-timestamp"]), timezone.utc))
    both["webhook-signature"] += " " + headers["webhook-signature"]
    found = door.deliver(both)
    checks.that("signed with another secret and ours, as while the sender rotates, it is accepted", found[0] == 200, found)


def tampering(checks, door):
    checks.section("one bit flipped anywhere")
    headers = door.signature()
    tried = {"body": 0}
    for body in flips(door.sender.body):
        found = door.deliver(headers, body)
        checks.that(f"body {body!r}", found == (401, b""), found)
        tried["body"] += 1
    for name, value in headers.items():
        for flipped in filter(can_be_sent, flips(value.encode())):
            found = door.deliver(headers | {name: flipped.decode()})
            checks.that(f"{name}: {flipped.decode()}", found == (401, b""), found)
            tried[name] = tried.get(name, 0) + 1
    checks.section("refused: " + ", ".join(f"{count} of {name}" for name, count in tried.items()))
    found = door.deliver(headers)
    checks.that("untouched, it is still accepted", found[0] == 200, found)


def new_secret():
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def rotation(checks, world, sender, deliver):
    """`deliver(secret)` gives a status. Whoever signs with either secret is believed, at every moment of the rotation."""
    manager = world.client("secretsmanager")
    value = json.loads(manager.get_secret_value(SecretId=sender.secret_name)["SecretString"])
    old, new = value[sender.key], new_secret()
    found = [deliver(old) for _ in range(3)]
    manager.put_secret_value(SecretId=sender.secret_name, SecretString=json.dumps(value | {sender.key: new}))
    found += [deliver(secret) for _ in range(20) for secret in (new, old)]
    checks.that("put over the old one: each of 43 deliveries is accepted", found == [200] * 43, found)
    return new


def staged_rotation(checks, world, door, old):
    """The careful way: the new secret is pending before anybody signs with it, and the old one goes a day later."""
    manager, new, name = world.client("secretsmanager"), new_secret(), door.sender.secret_name
    value = json.dumps({door.sender.key: new})
    pending = manager.put_secret_value(SecretId=name, SecretString=value, VersionStages=["AWSPENDING"])
    now = advance(world, 5 * 60 + 1)
    found = [door.deliver_signed(secret, now)[0] for secret in (old, new)]
    current = manager.describe_secret(SecretId=name)["VersionIdsToStages"]
    current = next(version for version, stages in current.items() if "AWSCURRENT" in stages)
    manager.update_secret_version_stage(
        SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=pending["VersionId"], RemoveFromVersionId=current,
    )
    for seconds in (0, 5 * 60 + 1, 60 * 60):
        now = advance(world, seconds)
        found += [door.deliver_signed(secret, now)[0] for secret in (old, new)]
    checks.that("pending, then promoted: every delivery is accepted", found == [200] * 8, found)
    now = advance(world, 25 * 60 * 60)
    found = [door.deliver_signed(secret, now)[0] for secret in (old, new)]
    checks.that("a day later the old secret opens nothing", found == [401, 200], found)


def advance(world, seconds):
    now = world.ask("POST", "/_sim/clock", {"advanceSecs": seconds}).json["now"]
    return datetime.fromisoformat(now)


def main():
    checks = Checklist("webhooks signed by standardwebhooks")
    with World() as world:
        for sender in SENDERS:
            checks.section(f"from {sender.name}")
            door = Door(world, sender)
            acceptance(checks, door)
            tampering(checks, door)
    for sender in SENDERS:
        with World() as world:
            checks.section(f"rotation of {sender.key} behind the gateway")
            door = Door(world, sender)
            newest = rotation(checks, world, sender, lambda secret: door.deliver_signed(secret)[0])
            staged_rotation(checks, world, door, newest)
    with World() as world, Emulator("webhook", world.function_environment("webhook")) as emulator:
        for sender in SENDERS:
            checks.section(f"rotation of {sender.key} under the real binary")
            delivery = events.load(sender.file)
            rotation(checks, world, sender, lambda secret: emulator.invoke(events.signed(delivery, secret))["statusCode"])
    checks.close()


if __name__ == "__main__":
    main()
