"""The official Python SDKs of OmniDimension and Twilio against the simulators, so that these are not an echo of our own.

By itself it starts a local world. To use one that runs and in which nobody has called yet, name its parts:
OMNIDIMENSION_BASE_URL, TWILIO_BASE_URL, and GATEWAY_URL for the control plane that moves the clock.
"""

import contextlib
import datetime
import json
import os
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

from checks import Checks
from omnidimension import Client as OmnidimensionClient
from omnidimension.client import APIError
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client as TwilioClient

OMNIDIMENSION_API_KEY = "omnidim-local-key-0000"
TWILIO_ACCOUNT_SID = "AC" + "0" * 32
TWILIO_AUTH_TOKEN = "12345"
TWILIO_API_KEY = ("SK" + "0" * 32, "local-twilio-api-key-secret")
OWN_NUMBER = "+15005550100"
TALKS, BUSY, STAYS, INVALID, VOICEMAIL = (f"+1500555000{digit}" for digit in "12467")


class Clock:
    def __init__(self, gateway):
        self.url = gateway + "/_sim/clock"

    def advance(self, seconds):
        body = json.dumps({"advanceSecs": seconds}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url, data=body, method="POST"), timeout=60) as answer:
            return json.loads(answer.read())["now"]


class Receiver:
    """A server that keeps the callbacks that are posted to it."""

    def __init__(self):
        self.received = received = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                received.append((self.path, dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def agents(checks, client):
    print("omnidimension: agents")
    sections = [{"title": "Purpose", "body": "Remind {{customerName}} of what is due."}]
    created = client.agent.create(
        name="Reminder", context_breakdown=sections, welcome_message="Hello", call_type="Outgoing",
        model={"model": "gpt-4.1-mini", "temperature": 0.4}, voice={"provider": "eleven_labs", "voice_id": "v1"},
        transcriber={"provider": "deepgram_stream", "model": "nova-3", "max_call_duration_in_sec": 600},
    )
    checks.that("an agent is created with 200", created["status"] == 200 and created["json"]["status"] == "Completed", created)
    agent_id = created["json"]["id"]
    listed = client.agent.list(page=1, page_size=30)["json"]
    checks.that("it is in the list of bots", agent_id in [bot["id"] for bot in listed["bots"]]
                and listed["total_records"] == len(listed["bots"]), listed)
    read = client.agent.get(agent_id)["json"]
    section = read["context_breakdown"][0]
    checks.that("it is read under other names than it was written", section["context_title"] == "Purpose"
                and read["llm_service"] == "gpt-4.1-mini" and read["voice_external_id"] == "v1", read)
    client.agent.update(agent_id, {"name": "Renamed"})
    checks.that("it is renamed", client.agent.get(agent_id)["json"]["name"] == "Renamed")
    checks.that("it is deleted", client.agent.delete(agent_id) == {"status": 200, "json": {}})
    checks.refused("and then it is not found", APIError, lambda error: error.status_code == 404,
                   lambda: client.agent.get(agent_id))
    return listed["bots"][0]["id"]


def dispatches(checks, client, clock, agent_id):
    print("omnidimension: calls")
    placed = client.call.dispatch_call(agent_id, TALKS, call_context={"customerName": "Salem"})["json"]
    checks.that("a call is dispatched", placed["success"] is True and placed["custom_variables_count"] == 1, placed)
    checks.that("no log has it while it lasts", client.call.get_call_logs(agent_id=agent_id)["json"]["call_log_data"] == [])
    client.call.dispatch_call(agent_id, BUSY)
    refused = client.call.dispatch_call(agent_id, INVALID)
    checks.that("an invalid number is refused with 200", refused["status"] == 200
                and refused["json"]["success"] is False, refused)
    clock.advance(60)
    logs = client.call.get_call_logs(page=1, page_size=10, agent_id=agent_id)["json"]
    checks.that("two calls are logged", logs["total_records"] == 2, logs)
    log = next(log for log in logs["call_log_data"] if log["call_request_id"]["id"] == placed["requestId"])
    checks.that("under ids that are not the requests'", log["id"] != placed["requestId"], log)
    checks.that("with a time that has no zone", datetime.datetime.strptime(log["time_of_call"], "%m/%d/%Y %H:%M:%S"))
    one = client.call.get_call_log(log["id"])["json"]
    checks.that("one log comes in a list", one["call_log_data"] == [log], one)
    busy = client.call.get_call_logs(call_status="busy")["json"]["call_log_data"]
    checks.that("logs are filtered by status", [log["to_number"] for log in busy] == [BUSY], busy)
    with urllib.request.urlopen(log["recording_url"], timeout=10) as recording:
        checks.that("the recording is sound", recording.headers["content-type"] == "audio/mpeg" and recording.read(2))


def belongings(checks, client, base):
    print("omnidimension: account, numbers, catalogues")
    balance = client.account.balance()["json"]
    checks.that("the balance says whether calls can be placed", balance["balance"]["can_place_calls"] is True, balance)
    numbers = client.phone_number.list()["json"]
    checks.that("numbers are listed", numbers["phone_numbers"][0]["phone_number"] == OWN_NUMBER, numbers)
    number, agent_id = numbers["phone_numbers"][0]["id"], client.agent.list()["json"]["bots"][0]["id"]
    checks.that("a number is attached", client.phone_number.attach(number, agent_id)["json"]["success"])
    attached = client.phone_number.list()["json"]["phone_numbers"][0]
    checks.that("and is then the agent's", attached["active_bot_id"] == agent_id, attached)
    checks.that("it is detached", client.phone_number.detach(number)["json"]["success"])
    detached = client.phone_number.list()["json"]["phone_numbers"][0]
    checks.that("and is then nobody's, which is false", detached["active_bot_id"] is False, detached)
    imported = client.phone_number.import_twilio(OWN_NUMBER, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)
    checks.that("a number of Twilio's is imported", imported["status"] == 200, imported)
    checks.that("knowledge is listed", client.knowledge_base.list()["status"] == 200)
    checks.that("bulk calls are listed", client.bulk_call.fetch_bulk_calls()["status"] == 200)
    checks.refused("a page of them that is too large breaks", APIError, lambda error: error.status_code == 500,
                   lambda: client.bulk_call.fetch_bulk_calls(page_size=500))
    checks.that("models are listed", client.providers.list_llms()["total"] == len(client.providers.list_llms()["llms"]))
    voices = client.providers.list_voices(provider="eleven_labs", gender="female")
    checks.that("voices are filtered", [voice["name"] for voice in voices["voices"]] == ["Rachel"], voices)
    checks.that("a voice is read", client.providers.get_voice(voices["voices"][0]["id"])["name"] == "Rachel")
    checks.that("everything is listed", client.providers.list_all()["total_services"] > 0)
    checks.that("cloned voices are listed", client.voices.list_cloned_voices()["status"] == 200)
    stranger = OmnidimensionClient("not-the-key-at-all", base_url=base)
    checks.refused("another key is refused", APIError, lambda error: error.status_code == 401, stranger.agent.list)


def twilio_client(base, *credentials):
    client = TwilioClient(*credentials)
    client.api.base_url = base
    return client


def calls(checks, client, clock, receiver):
    print("twilio: calls")
    hook = receiver.base + "/status?leg=leg_1"
    call = client.calls.create(
        to=TALKS, from_=OWN_NUMBER, twiml="<Response/>", status_callback=hook, record=True, time_limit=600,
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        recording_status_callback=receiver.base + "/recording",
    )
    checks.that("a call is created, queued", call.status == "queued" and call.sid.startswith("CA"), call.status)
    checks.that("its dates are read", isinstance(call.date_created, datetime.datetime), call.date_created)
    checks.that("it has neither end nor price", call.end_time is None and call.price is None and call.duration is None)
    clock.advance(10)
    checks.that("it is fetched, in progress", client.calls(call.sid).fetch().status == "in-progress")
    clock.advance(60)
    call = client.calls(call.sid).fetch()
    checks.that("it is completed, with a duration and a price", (call.status, call.duration, call.price)
                == ("completed", "20", "-0.01300"), (call.status, call.duration, call.price))
    live = client.calls.create(to=STAYS, from_=OWN_NUMBER, url="https://example.com/twiml")
    ringing = client.calls.create(to=STAYS, from_=OWN_NUMBER, url="https://example.com/twiml", machine_detection="Enable")
    checks.that("a ringing call is cancelled", ringing.update(status="canceled").status == "canceled")
    clock.advance(10)
    checks.that("a live call is completed", client.calls(live.sid).update(status="completed").status == "completed")
    checks.refused("a finished one cannot be", TwilioRestException, lambda error: (error.status, error.code) == (400, 21220),
                   lambda: client.calls(live.sid).update(status="completed"))
    machine = client.calls.create(to=VOICEMAIL, from_=OWN_NUMBER, url="https://example.com/t", machine_detection="Enable")
    clock.advance(60)
    checks.that("a machine is told from a person", client.calls(machine.sid).fetch().answered_by == "machine_start")
    return call.sid


def lists(checks, client, sid):
    print("twilio: lists, recordings, account")
    every = [call.sid for call in client.calls.list()]
    checks.that("four calls are listed", len(every) == 4, every)
    checks.that("page by page they are the same", [call.sid for call in client.calls.stream(page_size=1)] == every)
    checks.that("a limit holds", len(client.calls.list(limit=3, page_size=2)) == 3)
    checks.that("they are filtered by number", [call.sid for call in client.calls.list(to=TALKS)] == [sid])
    checks.that("and by status", {call.status for call in client.calls.list(status="canceled")} == {"canceled"})
    begun = client.calls(sid).fetch().start_time
    day = datetime.timedelta(days=1)
    checks.that("and by time", len(client.calls.list(start_time_after=begun - day, start_time_before=begun + day)) == 4
                and client.calls.list(start_time_before=begun - day) == [])
    page = client.calls.page(page_size=2)
    checks.that("the second page leads back to the first", [call.sid for call in page.next_page().previous_page()] == every[:2])
    recording = client.recordings.list(call_sid=sid)[0]
    checks.that("a recording is listed", (recording.status, recording.duration, recording.channels) == ("completed", "20", 1))
    checks.that("and fetched", client.recordings(recording.sid).fetch().call_sid == sid)
    checks.that("and found by its call", client.calls(sid).recordings.list()[0].sid == recording.sid)
    with urllib.request.urlopen(recording.media_url + ".mp3", timeout=10) as sound:
        checks.that("and it is sound", sound.headers["content-type"] == "audio/mpeg" and sound.read(2))
    checks.that("a finished call is deleted", client.calls(sid).delete() is True)
    checks.refused("and then it is not found", TwilioRestException, lambda error: (error.status, error.code) == (404, 20404),
                   lambda: client.calls(sid).fetch())
    numbers = [number.phone_number for number in client.incoming_phone_numbers.list()]
    checks.that("numbers are listed", OWN_NUMBER in numbers, numbers)
    balance = client.balance.fetch()
    checks.that("the balance is told", (balance.balance, balance.currency) == ("12.34", "USD"))
    checks.that("the account is active", client.api.v2010.account.fetch().status == "active")


def refusals(checks, client, base):
    print("twilio: refusals")
    for sentence, code, wish in [
        ("an invalid number", 21211, {"to": INVALID, "from_": OWN_NUMBER, "url": "https://example.com/t"}),
        ("a foreign number to call from", 21210, {"to": TALKS, "from_": "+14155550199", "url": "https://example.com/t"}),
        ("a call without instructions", 21205, {"to": TALKS, "from_": OWN_NUMBER}),
    ]:
        checks.refused(f"{sentence} is refused with {code}", TwilioRestException, lambda error: error.code == code,
                       lambda: client.calls.create(**wish))
    stranger = twilio_client(base, TWILIO_ACCOUNT_SID, "wrong")
    checks.refused("a wrong token is refused", TwilioRestException, lambda error: (error.status, error.code) == (401, 20003),
                   stranger.balance.fetch)
    keyed = twilio_client(base, *TWILIO_API_KEY, TWILIO_ACCOUNT_SID)
    checks.that("an API key opens the account, too", isinstance(keyed.calls.list(limit=1), list))


def callbacks(checks, receiver):
    print("twilio: callbacks")
    validator = RequestValidator(TWILIO_AUTH_TOKEN)
    for path, headers, body in receiver.received:
        form = {name: values if len(values) > 1 else values[0]
                for name, values in parse_qs(body, keep_blank_values=True).items()}
        signature = next(value for name, value in headers.items() if name.lower() == "x-twilio-signature")
        what = form.get("RecordingStatus") or form["CallStatus"]
        checks.that(f"the official validator accepts {path.split('?')[0]} {what}",
                    validator.validate(receiver.base + path, form, signature), form)
    statuses = [parse_qs(body)["CallStatus"][0] for path, _, body in receiver.received if path.startswith("/status")]
    checks.that("they tell a call's whole way", statuses == ["initiated", "ringing", "in-progress", "completed"], statuses)
    checks.that("and of its recording", any(path == "/recording" for path, _, _ in receiver.received))


@contextlib.contextmanager
def endpoints():
    """The base URLs of OmniDimension, Twilio, and the gateway."""
    named = [os.environ.get(name) for name in ("OMNIDIMENSION_BASE_URL", "TWILIO_BASE_URL", "GATEWAY_URL")]
    if all(named):
        yield named
        return
    from world import World

    with World() as world:
        yield [world.endpoints["omnidimension"], world.endpoints["twilio"], world.gateway]


def main():
    checks, receiver = Checks(), Receiver()
    with endpoints() as (omnidimension_base, twilio_base, gateway):
        clock = Clock(gateway)
        client = OmnidimensionClient(OMNIDIMENSION_API_KEY, base_url=omnidimension_base)
        dispatches(checks, client, clock, agents(checks, client))
        belongings(checks, client, omnidimension_base)
        client = twilio_client(twilio_base, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)
        lists(checks, client, calls(checks, client, clock, receiver))
        refusals(checks, client, twilio_base)
        callbacks(checks, receiver)
    checks.close()


if __name__ == "__main__":
    main()
