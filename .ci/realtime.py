"""Realtime voice in a real browser: through our broker on a leash, and with a credential of its own as pages of the beta had it.

Sound goes both ways, events go both ways, what was said is kept, and no call outlives its lease whatever becomes of its page.
"""

import http.server
import json
import pathlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from checklist import Checklist
from chromium import VOICE, Broken, Browser
from world import LOCAL_KEY, ROOT, SCRATCH, World, ask, free_port, until

HERE = pathlib.Path(__file__).parent
# What the installation offers to pages, who may not set anything themselves.
PRESETS = {"support": {"voice": "cedar", "instructions": "Answer calls of the helpdesk.",
                       "audio": {"input": {"transcription": {"model": "gpt-transcribe"}}}}}
# A lease, and how long after it a call may be up (api).
LEASE_SECS, GRACE_SECS = 60, 90
CONNECTED = "voice.peer.connectionState === 'connected' && voice.channel.readyState === 'open' && voice.has('session.created')"
CLOSED = "voice.closedAt !== null && voice.channel.readyState === 'closed'"
# As R3's server asked, and as R3's page changed its session.
R3_REQUEST = {"voice": "alloy", "modalities": ["text", "audio"], "instructions": "You are a data analysis assistant."}
R3_MODEL = "gpt-4o-realtime-preview-2024-10-01"
R3_UPDATE = {"type": "session.update", "session": {
    "instructions": "Whatever is asked, say \"Blue heron.\"", "temperature": 0.8, "max_response_output_tokens": 4096}}


class Application:
    """The pages' own server. It has the key, and gives each person of each device a session token."""

    def __init__(self, world, port):
        self.world, self.people, self.lock = world, {}, threading.Lock()
        application, page = self, (HERE / "realtime.html").read_bytes()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(200, "text/html; charset=utf-8", page) if urlsplit(self.path).path == "/" else self.answer(404)

            def do_POST(self):
                route, query = urlsplit(self.path).path, urlsplit(self.path).query
                plan = {"/start": application.start, "/secret": application.secret}[route](query)
                self.answer(200, "application/json", json.dumps(plan).encode())

            def answer(self, status, kind="text/plain", body=b""):
                self.send_response(status)
                self.send_header("content-type", kind)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.origin = f"http://app.localhost:{port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def start(self, query):
        """The same token for all tabs of a device."""
        with self.lock:
            if query not in self.people:
                user = parse_qs(query)["user"][0]
                opened = self.world.ask("POST", "/api/voice/session", {"userId": user}, key=LOCAL_KEY)
                self.people[query] = {"api": self.world.gateway, "token": opened.json["token"]}
            return self.people[query]

    def secret(self, query):
        """What R3's server did when its page asked."""
        path = "/api/v1/chatkit/realtime-session"
        return self.world.ask("POST", path, R3_REQUEST | {"userId": parse_qs(query)["user"][0]}, key=LOCAL_KEY).json

    def page(self, user, device=1):
        return f"{self.origin}/?user={user}&device={device}"


class Scene:
    """One world, one browser, and what is asked of them again and again."""

    def __init__(self, checks, world, browser, application):
        self.checks, self.world, self.browser, self.application = checks, world, browser, application

    def plays(self, heading, part, *found):
        """One part of this; what a part before it has not found it need not look for. One that breaks off does not hold."""
        self.checks.section(heading)
        if None in found:
            return None
        try:
            return part(self.checks, self, *sum(found, ()))
        except (Broken, TimeoutError) as broken:
            self.checks.that(f"{heading}, to its end", False, broken)
            return None

    def page(self, user, device=1, context=None):
        return self.browser.tab(self.application.page(user, device), context)

    def connected(self, user, device=1, context=None, wish=None):
        """A tab whose call is up, and what it was told about the call."""
        tab = self.page(user, device, context)
        told = tab.run(f"voice.connect({json.dumps(wish or {})})")
        if told["status"] != 201:
            raise Broken(f"{user} is refused a call: {told}")
        tab.until(CONNECTED, 30, f"the connection of {user}")
        return tab, told

    def call(self, told):
        return self.world.ask("GET", f"/api/calls/{told['callId']}", key=LOCAL_KEY).json

    def line(self, told):
        """The call as the simulated OpenAI sees it: its line, and what went over it."""
        name = told.get("rtc") or self.call(told)["externalIds"]["openai.callId"]
        lines = self.world.ask("GET", "/_sim/meter").json["lines"]
        calls = self.world.ask("GET", "/_sim/realtime").json["calls"]
        return next(one for one in lines if one["externalId"] == name) | next(one for one in calls if one["callId"] == name)

    def advance(self, seconds):
        return at(self.world.ask("POST", "/_sim/clock", {"advanceSecs": seconds}).json["now"])

    def now(self):
        return at(self.world.ask("GET", "/_sim/clock").json["now"])

    def left_alone(self, what, told):
        """Nobody renews: the call is up until its lease ends, and not for long afterwards."""
        ends = at(told["leaseExpiresAt"])
        left = int((ends - self.now()).total_seconds()) - 10
        self.advance(max(left, 1))
        self.checks.that(f"{what}: before its lease ends it is up", self.call(told)["phase"] == "in_progress", self.call(told))
        now = self.now()
        while self.call(told)["phase"] != "ended" and (now - ends).total_seconds() < 2 * GRACE_SECS:
            now = self.advance(5)
        late = (now - ends).total_seconds()
        self.checks.that(f"{what}: it is over within {GRACE_SECS} s", late <= GRACE_SECS, late)
        call, line = self.call(told), self.line(told)
        self.checks.that(f"{what}: the record says why", (call["phase"], call.get("endReason")) == ("ended", "lease_expired"), call)
        self.checks.that(f"{what}: its line is down", not line["up"], line)
        return line


def at(text):
    return datetime.fromisoformat(text)


def both_ways(checks, who, tab, line):
    """Sound, as the page counts it and as the far end does."""
    tab.until("voice.counts().then((now) => now.packetsIn > 100 && now.packetsOut > 100)", 15, f"two seconds of sound of {who}")
    before, far, after = tab.run("voice.counts()"), line(), tab.run("voice.counts()")
    # The far end is asked between two looks at the page; some packets are on their way, fifty a second.
    for way, counted, least, most in [
        ("from the page", far["audioPacketsIn"], before["packetsOut"], after["packetsOut"]),
        ("to the page", far["audioPacketsOut"], before["packetsIn"], after["packetsIn"]),
    ]:
        checks.that(f"{who}: sound goes {way}, and both ends count the same", least - 25 <= counted <= most + 25, (least, counted, most))
    # Silence is coded in three bytes a packet, a voice or a beep in some eighty.
    least = {"bytesOut": (after["bytesOut"], 1000), "audioBytesIn": (far["audioBytesIn"], 1000),
             "bytesIn": (after["bytesIn"], 225), "audioBytesOut": (far["audioBytesOut"], 225)}
    checks.that(f"{who}: in bytes, too", all(found >= wanted for found, wanted in least.values()), least)


def conversation(checks, scene):
    """A call through the broker, up to where both have spoken."""
    tab, told = scene.connected("ada", wish={"preset": "support", "metadata": {"ticket": "T-1"}})
    opened = time.monotonic()
    wanted = {"status": 201, "hasSecret": True, "renewEverySecs": 20, "voice": "cedar", "droppedFields": []}
    checks.that("the offer is answered", told.items() >= wanted.items() and told["rtsId"].startswith("rts_"), told)
    checks.that("with servers to connect by", [one["urls"][:4] for one in told["iceServers"]] == ["stun", "turn"], told["iceServers"])
    both_ways(checks, "ada", tab, lambda: scene.line(told))
    session = tab.run("voice.events.find(({ type }) => type === 'session.created').session")
    checks.that("the session is the preset's", (session["instructions"], session["audio"]["output"]["voice"])
                == (PRESETS["support"]["instructions"], "cedar"), session)

    tab.run(f"voice.send({json.dumps(R3_UPDATE)})")
    tab.until("voice.has('error')", 5, "the refusal of a beta-shaped update")
    error = tab.run("voice.events.find(({ type }) => type === 'error').error")
    checks.that("the beta's session.update is refused", error["type"] == "invalid_request_error", error)
    translated = tab.run(f"voice.post('/api/realtime/translate', {json.dumps(R3_UPDATE)}).then((answer) => answer.json())")
    checks.that("translated it loses the temperature", [one["field"] for one in translated["dropped"]] == ["temperature"], translated)
    tab.run(f"voice.send({json.dumps(translated['event'])})")
    tab.until("voice.has('session.updated')", 5, "the update of the session")
    tab.until("voice.posted.some(({ role, text }) => role === 'agent' && text === 'Blue heron.')", 30, "an answer as instructed")
    checks.that("and the agent obeys", tab.run("voice.events.filter(({ type }) => type === 'error').length") == 1)
    checks.that("a voice is heard, not only packets", tab.run("voice.counts()")["energyIn"] > 0, tab.run("voice.counts()"))
    far = scene.line(told)
    checks.that("both updates arrived, one was obeyed", (far["events"].count("session.update"), far["sessionUpdates"]) == (2, 1), far)
    return tab, told, opened


def ended_by_server(checks, scene, tab, told, opened):
    """After more than a lease: the call is up because its page renewed it; then its server ends it."""
    time.sleep(max(0, opened + LEASE_SECS + 5 - time.monotonic()))
    renewals = tab.run("voice.renewals")
    checks.that("its page has renewed it on time", len(renewals) >= 3 and {one["status"] for one in renewals} == {200}, renewals)
    call = scene.call(told)
    checks.that("so that it has outlived its first lease", call["phase"] == "in_progress" and scene.line(told)["up"], call)
    tab.picture(SCRATCH / "realtime-live.png")
    ended = scene.world.ask("POST", f"/api/realtime/calls/{told['rtsId']}/end", key=LOCAL_KEY)
    checks.that("its server ends it", ended.status == 200 and ended.json["phase"] == "ended", ended.json)
    seconds = tab.until(CLOSED, 10, "the page's notice of the end")
    checks.that("the page sees its connection close at once", seconds < 5, seconds)
    # Chromium first closes the channel, and gives up the connection when nothing comes over it any more.
    tab.until("voice.peer.connectionState !== 'connected' && voice.peer.iceConnectionState !== 'connected'", 20, "the loss of the connection")
    tab.picture(SCRATCH / "realtime-ended.png")
    late = tab.run("voice.renew()")
    checks.that("and cannot renew what is over", late == {"status": 409, "code": "session_ended"}, late)

    call, line = scene.call(told), scene.line(told)
    wanted = {"phase": "ended", "endReason": "ended_by_request", "provider": "openai", "channel": "web", "cost": None,
              "outcome": "known", "metadata": {"ticket": "T-1"}}
    checks.that("the record tells it", call.items() >= wanted.items(), call)
    lasted = (at(call["endedAt"]) - at(call["answeredAt"])).total_seconds()
    checks.that("how long it lasted", lasted > LEASE_SECS and abs(call["durationSecs"] - lasted) <= 1, (call, lasted))
    # A line is counted once there is a connection, a moment later.
    checks.that("the meter agrees", not line["up"] and line["endedBy"] == "hangup" and -1 <= lasted - line["seconds"] <= 10, (line, lasted))
    words = tab.run("voice.posted.map(({ role, text }) => ({ role, text }))")
    read = scene.world.ask("GET", f"/api/calls/{told['callId']}/transcript", key=LOCAL_KEY).json
    kept = [{"role": turn["role"], "text": turn["text"]} for turn in read["turns"]]
    checks.that("both were heard", {word["role"] for word in words} == {"user", "agent"}, words)
    checks.that("and what was said is kept", (read["status"], kept, call["artifacts"]["transcript"]) == ("ready", words, "ready"), read)
    timeline = scene.world.ask("GET", f"/api/calls/{told['callId']}/events", key=LOCAL_KEY).json["events"]
    checks.that("as the page's word", sum(one["source"] == "page" for one in timeline) >= len(words), timeline)


def own_credential(checks, scene):
    """R3's page: its server asks as it did for the beta; the page posts its offer to the one URL that is told."""
    tab = scene.page("bo")
    secret = tab.run("own('/secret?user=bo').then((secret) => window.secret = secret)")
    checks.that("the answer is the beta's", secret["client_secret"]["value"].startswith("ek_")
                and isinstance(secret["client_secret"]["expires_at"], int), secret)
    retired = scene.world.ask("POST", "/api/realtime/token", R3_REQUEST | {"model": R3_MODEL}, key=LOCAL_KEY)
    checks.that("for a model that is retired there is none, but the names of others", retired.status == 400
                and "gpt-realtime-2.1" in retired.json["error"]["details"][0]["message"], retired.json)
    connected = tab.run("voice.connectWithSecret(secret)")
    checks.that("the secret opens a call", connected["status"] == 201, connected)
    tab.until(CONNECTED, 30, "the connection of bo")
    told = {"rtc": connected["location"].rsplit("/", 1)[1]}
    both_ways(checks, "bo", tab, lambda: scene.line(told))
    session = tab.run("voice.events.find(({ type }) => type === 'session.created').session")
    checks.that("the session is what R3 asked for", (session["instructions"], session["audio"]["output"]["voice"])
                == (R3_REQUEST["instructions"], "alloy"), session)
    tab.until("voice.has('response.output_audio_transcript.done')", 30, "an answer to bo")
    tab.run("voice.peer.close()")
    until(lambda: not scene.line(told)["up"], 20, "the far end's notice")
    checks.that("the page hangs up", scene.line(told)["endedBy"] == "page", scene.line(told))


def documented(checks, scene):
    """The page of the README, letter by letter."""
    chapter = (ROOT / "README.md").read_text().split("\n## Realtime voice\n")[1]
    script = chapter.split("```js\n")[1].split("```")[0]
    tab = scene.page("eve")
    tab.run("window.readme = (async (api, token, audio) => {"
            f"{script}; return {{ peer, events, now: () => call, stop: () => clearInterval(renewing) }} }})"
            "(voice.plan.api, voice.plan.token, document.getElementById('audio'))")
    told = tab.run("readme.then(({ now }) => now())")
    tab.until("readme.then(({ peer }) => peer.connectionState === 'connected')", 30, "the connection of the README's page")
    path = f"/api/calls/{told['callId']}/transcript"
    read = until(lambda: ready(scene.world.ask("GET", path, key=LOCAL_KEY).json), 30, "what the README's page heard")
    checks.that("it connects, and tells what it heard", {turn["role"] for turn in read["turns"]} == {"agent"}, read)
    return tab, told


def documented_later(checks, scene, tab, told):
    """The README's page has renewed its lease, too; now it does so no more."""
    later = tab.run("readme.then(({ stop, now }) => (stop(), now()))")
    checks.that("the README's page has renewed its lease", at(later["leaseExpiresAt"]) > at(told["leaseExpiresAt"]), later)
    scene.left_alone("a page that does not renew", later)
    tab.until("readme.then(({ events }) => events.readyState === 'closed')", 5, "the notice of the README's page")


def ready(transcript):
    return transcript if transcript["status"] == "ready" else None


def double_tab(checks, scene):
    """A tab is duplicated: both have the same lease, and renew it at the same moment, again and again."""
    speaking, told = scene.connected("cy")
    tabs = [speaking, scene.page("cy")]
    for round in range(5):
        shared = tabs[0].run("({ call: voice.call, secret: voice.secret })")
        tabs[1].run(f"void Object.assign(voice, {json.dumps(shared)})")
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda tab: tab.run("voice.renew()"), tabs))
        by_status = sorted(found, key=lambda one: one["status"])
        wanted = [{"status": 200}, {"status": 409, "code": "conflict"}]
        checks.that(f"round {round + 1}: one renews, the other is told", by_status == wanted, found)
        tabs.sort(key=lambda tab: tab.run("voice.renewals.at(-1).status"))
    checks.that("who was told stays out", tabs[1].run("voice.renew()")["status"] == 409)
    checks.that("and the other goes on", tabs[0].run("voice.renew()")["status"] == 200)
    checks.that("it is one call", scene.call(told)["phase"] == "in_progress" and scene.line(told)["up"], scene.call(told))
    ended = tabs[0].run("voice.post(`/api/realtime/calls/${voice.call.rtsId}/end`, { leaseSecret: voice.secret }).then(({ status }) => status)")
    checks.that("whichever it is may end it", ended == 200, ended)
    speaking.until(CLOSED, 10, "the end of the call that two tabs had")


def devices(checks, scene):
    """One person, three devices, of which two may speak at a time."""
    calls = [scene.connected("dora", number, scene.browser.device()) for number in (1, 2)]
    tab = scene.page("dora", 3, scene.browser.device())
    refused = tab.run("voice.connect()")
    checks.that("the third is told why not", (refused["status"], refused.get("error", {}).get("code"))
                == (429, "concurrency_limit"), refused)
    stranger = tab.run(f"voice.post('/api/realtime/calls/{calls[0][1]['rtsId']}/end', {{}}).then(({{ status }}) => status)")
    checks.that("and ends no call of the others, which are not its own", stranger == 404, stranger)
    scene.world.ask("POST", f"/api/realtime/calls/{calls[0][1]['rtsId']}/end", key=LOCAL_KEY)
    calls[0][0].until(CLOSED, 10, "the end of the first device's call")
    connected = tab.run("voice.connect()")
    checks.that("once one has ended, it may", connected["status"] == 201, connected)
    tab.until(CONNECTED, 30, "the connection of the third device")
    checks.that("the second was not disturbed", calls[1][0].run("voice.closedAt === null"))
    for told in (calls[1][1], connected):
        scene.world.ask("POST", f"/api/realtime/calls/{told['rtsId']}/end", key=LOCAL_KEY)


def stalled(checks, scene):
    """A script that never comes to an end: no lease is renewed, while sound goes on."""
    tab, told = scene.connected("finn")
    before = scene.line(told)["audioPacketsIn"]
    tab.stall(15)
    until(lambda: scene.line(told)["audioPacketsIn"] > before + 100, 10, "sound of a page that hangs")
    line = scene.left_alone("a stalled tab", told)
    checks.that("a stalled tab: it was us who hung up", line["endedBy"] == "hangup", line)
    seconds = tab.until(CLOSED, 30, "the notice of a page that hung")
    checks.that("a stalled tab: when it comes back the connection is closed", seconds < 25, seconds)
    late = tab.run("voice.renew()")
    checks.that("a stalled tab: and its lease is gone", late["status"] == 409 and late["code"] in ("session_ended", "session_expired"), late)


def closed(checks, scene):
    """Nobody says goodbye; the far end finds out, we do when the lease ends."""
    tab, told = scene.connected("gus")
    tab.close()
    until(lambda: not scene.line(told)["up"], 20, "the far end's notice of a page that was closed")
    line = scene.left_alone("a closed page", told)
    checks.that("a closed page: it was gone before", line["endedBy"] == "page", line)


def asleep(checks, scene):
    """The lid is closed, and opened again when everything is over."""
    tab, told = scene.connected("hal")
    scene.browser.sleep()
    try:
        scene.left_alone("a closed laptop", told)
    finally:
        scene.browser.wake()
    tab.until(CLOSED, 40, "the notice of a laptop that was asleep")
    late = tab.run("voice.renew()")
    checks.that("a closed laptop: what it comes back to is over", late["status"] == 409, late)


def main():
    checks = Checklist("realtime voice in a real browser")
    port = free_port()
    presets = f"RealtimePresets={json.dumps(PRESETS)}"
    environment = {"CORS_ORIGIN": f"http://app.localhost:{port}"}
    with World("--parameter", presets, environment=environment) as world, Browser(*VOICE) as browser:
        scene = Scene(checks, world, browser, Application(world, port))
        first = scene.plays("a call through the broker", conversation)
        scene.plays("a call with the page's own credential", own_credential)
        shown = scene.plays("the page that the README shows", documented)
        scene.plays("two tabs with one lease", double_tab)
        scene.plays("three devices of one person", devices)
        scene.plays("more than a lease later its server ends the first call", ended_by_server, first)
        # From here on the clock is moved.
        scene.plays("a page that does not renew", documented_later, shown)
        scene.plays("a stalled tab", stalled)
        scene.plays("a closed page", closed)
        scene.plays("a closed laptop", asleep)
        meter = world.ask("GET", "/_sim/meter").json
        checks.that("in the end no line is up", meter["linesUp"] == 0, meter)
    checks.close()


if __name__ == "__main__":
    main()
