"""Two processes of a function on one table: limits and idempotency keys hold across both, and a crash leaks no slot."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import events
from checklist import Checklist
from emulator import Emulator
from world import World, until

CLIENTS = 64
RATE_LIMIT = 20
# A reserved slot is given back after a minute, whatever became of who reserved it.
SLOT_LEASE_SECS = 60


def opening(key, idempotency_key=None):
    event = events.load("session-open.json")
    event["headers"]["authorization"] = f"Bearer {key}"
    if idempotency_key:
        event["headers"]["idempotency-key"] = idempotency_key
    return event


def new_key(world, tenant):
    return world.dev("keys", "create", "--tenant", tenant, "--scopes", "voice:write,voice:read").strip()


def code(answer):
    return answer["statusCode"], json.loads(answer["body"]).get("error", {}).get("code")


def openings_upstream(world):
    requests = world.ask("GET", "/_sim/requests?provider=omi").json["requests"]
    return sum(1 for one in requests if one["method"] == "POST" and one["path"].endswith("/sessions"))


def rate_limit(checks, world, pair):
    key = new_key(world, "hasty")
    event = opening(key)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: code(pair[n % 2].invoke(event)), range(2 * RATE_LIMIT)))
    allowed, refused = answers.count((201, None)), answers.count((429, "rate_limited"))
    checks.that(f"{RATE_LIMIT} of {2 * RATE_LIMIT} requests are allowed", (allowed, refused) == (RATE_LIMIT,) * 2, answers)


def idempotency(checks, world, pair):
    event = opening(new_key(world, "careful"), "one-and-the-same")
    before = openings_upstream(world)
    world.ask("POST", "/_sim/faults", {"provider": "omi", "operation": "session", "fault": "slow", "millis": 700})
    met_running = []

    def client(number):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answer = pair[number % 2].invoke(event)
            if code(answer) != (409, "in_progress"):
                return answer["statusCode"], json.loads(answer["body"]).get("sessionId")
            met_running.append(number)
            time.sleep(0.1)
        return 409, None

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = set(pool.map(client, range(CLIENTS)))
    checks.that(f"{CLIENTS} clients get one session", len(answers) == 1 and next(iter(answers))[0] == 201, answers)
    checks.that("the provider is asked once", openings_upstream(world) - before == 1, openings_upstream(world) - before)
    checks.that("some came while the first one ran", len(met_running) > 0)


def crash(checks, world, pair):
    """With one slot: whoever holds it is killed between the reservation and the provider's answer."""
    key = new_key(world, "unlucky")
    first = opening(key, "cut-off")
    before = openings_upstream(world)
    world.ask("POST", "/_sim/faults", {"provider": "omi", "operation": "session", "fault": "hang"})
    victim = threading.Thread(target=lambda: attempt(pair[0], first), daemon=True)
    victim.start()
    until(lambda: openings_upstream(world) > before, 20, "the request of the process that is to be killed")
    pair[0].kill_function()
    killed_at = time.monotonic()
    yield
    found = code(pair[1].invoke(opening(key)))
    checks.that("the reservation still holds the only slot", found == (429, "concurrency_limit"), found)
    found = code(pair[1].invoke(first))
    checks.that("the key is still taken", found == (409, "in_progress"), found)
    yield
    time.sleep(max(0, killed_at + SLOT_LEASE_SECS + 2 - time.monotonic()))
    found = code(pair[1].invoke(first))
    checks.that("after the lease the same request opens the session", found == (201, None), found)
    found = code(pair[1].invoke(opening(key)))
    checks.that("and one slot is still one slot", found == (429, "concurrency_limit"), found)


def attempt(emulator, event):
    try:
        emulator.invoke(event)
    except Exception:  # The process is killed meanwhile; its answer is not what is checked.
        pass


def main():
    checks = Checklist("two processes on one table")
    with World() as world:
        environment = world.function_environment("session")
        hasty = environment | {"RATE_LIMIT_MAX_REQUESTS": str(RATE_LIMIT)}
        single = environment | {"OMI_MAX_CONCURRENT_SESSIONS": "1"}
        with Emulator("session", single) as victim, Emulator("session", single) as witness:
            checks.section("a process is killed while it opens a session")
            steps = crash(checks, world, (victim, witness))
            next(steps)
            next(steps)
            # The lease takes a minute of real time, which the other checks use.
            with Emulator("session", hasty) as one, Emulator("session", hasty) as two:
                checks.section("one rate limit")
                rate_limit(checks, world, (one, two))
            with Emulator("session", environment) as one, Emulator("session", environment) as two:
                checks.section("one idempotency key")
                idempotency(checks, world, (one, two))
            checks.section("the killed process's lease passes")
            next(steps, None)
    checks.close()


if __name__ == "__main__":
    main()
