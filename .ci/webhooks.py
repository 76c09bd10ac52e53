"""OMI's deliveries as another implementation signs them: the PyPI package `standardwebhooks`.

What it signs is accepted; the same with one bit flipped anywhere is not; while a secret is rotated nothing is refused.
"""

import http.client
import json
import secrets
from datetime import datetime, timedelta, timezone

import events
from checklist import Checklist
from emulator import Emulator
from world import OMI_WEBHOOK_SECRET, World

SECRET_NAME = "switchboard/omi-webhook"
PATH = "/api/webhook"
BODY = json.dumps({"event": "session.sang", "data": {"sessionId": "none"}, "timestamp": "2026-11-01T12:00:00Z"}).encode()


class Door:
    """The gateway, over one connection, with headers sent byte by byte as they are given."""

    def __init__(self, world):
        self.authority = world.gateway.removeprefix("http://")
        self.connection = http.client.HTTPConnection(self.authority)

    def deliver(self, headers, body=BODY):
        self.connection.putrequest("POST", PATH)
        for name, value in (headers | {"content-type": "application/json", "content-length": str(len(body))}).items():
            self.connection.putheader(name, value)
        self.connection.endheaders(body)
        response = self.connection.getresponse()
        text = response.read()
        return response.status, text

    def deliver_signed(self, secret=OMI_WEBHOOK_SECRET, at=None):
        return self.deliver(events.signature(BODY.decode(), secret, at=at))


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
    headers = events.signature(BODY.decode())
    for duplicate in (False, True, True):
        found = door.deliver(headers)
        checks.that("it is accepted, and known the next time", found[0] == 200
                    and json.loads(found[1]) == {"received": True, "duplicate": duplicate}, found)
    for minutes in (-6, 6):
        found = door.deliver_signed(at=datetime.now(timezone.utc) + timedelta(minutes=minutes))
        checks.that(f"signed {minutes} minutes from now it is refused", found == (401, b""), found)
    found = door.deliver_signed(secret="whsec_" + "A" * 44)
    checks.that("signed with another secret it is refused", found == (401, b""), found)


def tampering(checks, door):
    checks.section("one bit flipped anywhere")
    headers = events.signature(BODY.decode())
    tried = {"body": 0}
    for body in flips(BODY):
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
    import base64

    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def rotation(checks, world, deliver):
    """`deliver(secret)` gives a status. Whoever signs with either secret is believed, at every moment of the rotation."""
    manager = world.client("secretsmanager")
    old, new = json.loads(manager.get_secret_value(SecretId=SECRET_NAME)["SecretString"])["OMI_WEBHOOK_SECRET"], new_secret()
    found = [deliver(old) for _ in range(3)]
    manager.put_secret_value(SecretId=SECRET_NAME, SecretString=json.dumps({"OMI_WEBHOOK_SECRET": new}))
    found += [deliver(secret) for _ in range(20) for secret in (new, old)]
    checks.that("put over the old one: each of 43 deliveries is accepted", found == [200] * 43, found)
    return new


def staged_rotation(checks, world, door, old):
    """The careful way: the new secret is pending before anybody signs with it, and the old one goes a day later."""
    manager, new = world.client("secretsmanager"), new_secret()
    value = json.dumps({"OMI_WEBHOOK_SECRET": new})
    pending = manager.put_secret_value(SecretId=SECRET_NAME, SecretString=value, VersionStages=["AWSPENDING"])
    now = advance(world, 5 * 60 + 1)
    found = [door.deliver_signed(secret, now)[0] for secret in (old, new)]
    current = manager.describe_secret(SecretId=SECRET_NAME)["VersionIdsToStages"]
    current = next(version for version, stages in current.items() if "AWSCURRENT" in stages)
    manager.update_secret_version_stage(
        SecretId=SECRET_NAME, VersionStage="AWSCURRENT",
        MoveToVersionId=pending["VersionId"], RemoveFromVersionId=current,
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
        door = Door(world)
        acceptance(checks, door)
        tampering(checks, door)
    with World() as world:
        checks.section("rotation behind the gateway")
        door = Door(world)
        newest = rotation(checks, world, lambda secret: door.deliver_signed(secret)[0])
        staged_rotation(checks, world, door, newest)
    with World() as world, Emulator("webhook", world.function_environment("webhook")) as emulator:
        checks.section("rotation under the real binary")
        delivery = events.load("webhook-omi-unknown-event.json")
        rotation(checks, world, lambda secret: emulator.invoke(events.signed(delivery, secret))["statusCode"])
    checks.close()


if __name__ == "__main__":
    main()
