"""The official Python SDK of OpenAI: against the simulator, so that this is not an echo of our own; with deliveries that the
simulator signed; and beside what we send ourselves, field by field.
"""

import copy
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import events
import openai
import pydantic
from checks import Checks
from openai.types.beta.chatkit.session_create_params import SessionCreateParams
from openai.types.realtime.call_accept_params import CallAcceptParams
from openai.types.realtime.call_create_params import CallCreateParams
from openai.types.realtime.call_reject_params import CallRejectParams
from openai.types.realtime.client_secret_create_params import ClientSecretCreateParams
from world import LOCAL_KEY, OPENAI_API_KEY, OPENAI_WEBHOOK_SECRET, World, ask, until

OFFER = json.loads(events.load("realtime-token-open.json")["body"])["sdp"]
WORKFLOW = "wf_local0000000000000000"
# Everything that a session can be, so that everything is compared.
SESSION = {
    "type": "realtime", "model": "gpt-realtime-2.1", "instructions": "Be brief; speak Arabic: مرحبا.",
    "output_modalities": ["audio"], "include": ["item.input_audio_transcription.logprobs"], "max_output_tokens": 1024,
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000}, "noise_reduction": {"type": "near_field"},
            "transcription": {"model": "gpt-transcribe", "language": "ar", "prompt": "names"},
            "turn_detection": {"type": "server_vad", "threshold": 0.6, "silence_duration_ms": 400, "prefix_padding_ms": 200},
        },
        "output": {"format": {"type": "audio/pcmu"}, "voice": "cedar", "speed": 1.25},
    },
    "tools": [{"type": "function", "name": "look_up", "description": "Looks up.", "parameters": {"type": "object"}}],
    "tool_choice": {"type": "function", "name": "look_up"}, "parallel_tool_calls": False, "reasoning": {"effort": "low"},
    "tracing": {"workflow_name": "helpdesk"}, "truncation": {"type": "retention_ratio", "retention_ratio": 0.8},
    "prompt": {"id": "pmpt_1", "version": "2", "variables": {"city": "Muscat"}},
}
# What both name in headers; the rest is the HTTP clients' own.
HEADERS = ["accept", "authorization", "content-type", "openai-beta", "openai-organization", "openai-project",
           "openai-safety-identifier"]


class Target:
    """What a webhook is posted to: keeps the bytes and the headers as they came."""

    def __init__(self):
        self.received = received = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                received.append((self.rfile.read(int(self.headers["content-length"])), dict(self.headers)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/openai"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Scene:
    def __init__(self, checks, world):
        self.checks, self.world, self.target = checks, world, Target()
        self.client = openai.OpenAI(api_key=OPENAI_API_KEY, base_url=world.endpoints["openai"], max_retries=0,
                                    webhook_secret=OPENAI_WEBHOOK_SECRET)

    def ours(self, path, body, status):
        """What our API answers to the application's server."""
        answer = self.world.ask("POST", path, body, key=LOCAL_KEY)
        if answer.status != status:
            raise RuntimeError(f"{path} answered {answer.status}: {answer.body.decode()}")
        return answer.json

    def ring(self):
        """Somebody calls, and only this script is told: its webhook, as it came."""
        known = len(self.target.received)
        ringing = self.world.ask("POST", "/_sim/openai/incoming", {"webhookUrl": self.target.url}).json
        until(lambda: len(self.target.received) > known, 10, "the delivery of a call that came in")
        return ringing["callId"], *self.target.received[-1]

    def line(self, call):
        lines = self.world.ask("GET", "/_sim/meter").json["lines"]
        return next((line for line in lines if line["externalId"] == call), None)

    def requests(self, operation, act):
        """The requests at the simulator that `act` has led to."""
        known = self.world.ask("GET", "/_sim/requests?provider=openai").json["requests"]
        act()
        new = self.world.ask("GET", f"/_sim/requests?provider=openai&since={known[-1]['seq'] if known else 0}").json["requests"]
        return [one for one in new if one["operation"] == operation]


def code(status, code, param=None):
    return lambda error: (error.status_code, error.code, error.param) == (status, code, param)


def secrets(scene):
    print("client secrets")
    checks, client = scene.checks, scene.client
    made = client.realtime.client_secrets.create(expires_after={"anchor": "created_at", "seconds": 60}, session=SESSION)
    checks.that("a secret is made", made.value.startswith("ek_") and made.session.type == "realtime", made)
    now = scene.world.ask("GET", "/_sim/clock").json["now"]
    lasts = made.expires_at - events.datetime.fromisoformat(now).timestamp()
    checks.that("for a minute", 55 <= lasts <= 61, lasts)
    echoed = made.session.to_dict()
    checks.that("its session is the one that was asked for", contains(echoed, SESSION), echoed)
    checks.that("in the SDK's own types", (made.session.audio.output.voice, made.session.audio.input.transcription.language,
                                           made.session.tools[0].name) == ("cedar", "ar", "look_up"), made.session)
    plain = client.realtime.client_secrets.create()
    checks.that("without any wish there is one, too", plain.session.audio.output.voice and plain.session.model, plain)
    scribe = client.realtime.client_secrets.create(session={"type": "transcription", "audio": {"input": {"transcription": {
        "model": "gpt-transcribe"}}}})
    checks.that("one that only transcribes", scribe.session.type == "transcription", scribe)
    holder = openai.OpenAI(api_key=made.value, base_url=client.base_url, max_retries=0)
    answer = holder.realtime.calls.create(sdp=OFFER)
    checks.that("it opens a call", answer.text.startswith("v=0") and answer.response.status_code == 201, answer.text)
    checks.refused("and does nothing else", openai.AuthenticationError, code(401, "invalid_api_key"), holder.models.list)
    client.realtime.calls.hangup(called(answer))


def contains(whole, part):
    """Whether all that is in `part` is in `whole`, at the same place."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(name in whole and contains(whole[name], value) for name, value in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(contains, whole, part))
    return whole == part


def called(answer):
    return answer.response.headers["location"].rsplit("/", 1)[1]


def calls(scene):
    print("calls")
    checks, client = scene.checks, scene.client
    answer = client.realtime.calls.create(sdp=OFFER, session=SESSION)
    call = called(answer)
    checks.that("a call is opened", call.startswith("rtc_") and "m=audio" in answer.text, answer.text)
    checks.that("it is hung up", client.realtime.calls.hangup(call) is None and not scene.line(call)["up"])
    gone = lambda error: error.status_code == 404 and call in error.message
    checks.refused("and then it is not found", openai.NotFoundError, gone, lambda: client.realtime.calls.hangup(call))

    ringing = scene.ring()[0]
    checks.that("a call that rings is accepted", client.realtime.calls.accept(ringing, **SESSION) is None
                and scene.line(ringing)["up"], scene.line(ringing))
    checks.refused("but not twice", openai.BadRequestError, lambda error: error.status_code == 400,
                   lambda: client.realtime.calls.accept(ringing, type="realtime"))
    checks.that("it is passed on", client.realtime.calls.refer(ringing, target_uri="tel:+14155550123") is None
                and not scene.line(ringing)["up"], scene.line(ringing))
    for what, wish in [("turned away", {}), ("turned away as busy", {"status_code": 486})]:
        ringing = scene.ring()[0]
        checks.that(f"another is {what}", client.realtime.calls.reject(ringing, **wish) is None and scene.line(ringing) is None)
        checks.refused("and cannot be accepted any more", openai.NotFoundError, lambda error: error.status_code == 404,
                       lambda: client.realtime.calls.accept(ringing, type="realtime"))


def chats(scene):
    print("chats")
    checks, client = scene.checks, scene.client
    made = client.beta.chatkit.sessions.create(
        user="ada", workflow={"id": WORKFLOW, "state_variables": {"plan": "gold", "seats": 3}},
        expires_after={"anchor": "created_at", "seconds": 120}, rate_limits={"max_requests_per_1_minute": 5},
    )
    checks.that("a chat is opened", made.id.startswith("cksess_") and made.status == "active" and made.client_secret, made)
    checks.that("as it was asked for", (made.user, made.workflow.id, made.workflow.state_variables, made.max_requests_per_1_minute)
                == ("ada", WORKFLOW, {"plan": "gold", "seats": 3}, 5), made)
    cancelled = client.beta.chatkit.sessions.cancel(made.id)
    checks.that("it is cancelled", (cancelled.id, cancelled.status) == (made.id, "cancelled"), cancelled)
    checks.refused("one that there is not is not", openai.NotFoundError, lambda error: error.status_code == 404,
                   lambda: client.beta.chatkit.sessions.cancel("cksess_none"))
    checks.refused("nor is there a chat without a workflow", openai.BadRequestError, lambda error: error.status_code == 400,
                   lambda: client.beta.chatkit.sessions.create(user="ada", workflow={}))
    checks.that("threads are listed", client.beta.chatkit.threads.list(limit=5).data == [])


def refusals(scene):
    print("models, refusals")
    checks, client = scene.checks, scene.client
    models = [model.id for model in client.models.list()]
    checks.that("models are listed", "gpt-realtime-2.1" in models, models)
    checks.that("one is read", client.models.retrieve("gpt-realtime-2.1").object == "model")
    checks.refused("one that there is not is not found", openai.NotFoundError, code(404, "model_not_found"),
                   lambda: client.models.retrieve("gpt-none"))
    mint = client.realtime.client_secrets.create
    for sentence, wrong, found, param in [
        ("the beta's modalities", {"modalities": ["audio"]}, "unknown_parameter", "session.modalities"),
        ("the beta's voice", {"voice": "alloy"}, "unknown_parameter", "session.voice"),
        ("a voice that is none", {"audio": {"output": {"voice": "fable"}}}, "invalid_value", "session.audio.output.voice"),
        ("both modalities", {"output_modalities": ["text", "audio"]}, "invalid_value", "session.output_modalities"),
        ("a workflow", {"workflow": {"id": WORKFLOW}}, "unknown_parameter", "session.workflow"),
    ]:
        checks.refused(f"{sentence} is refused", openai.BadRequestError, code(400, found, param),
                       lambda: mint(session={"type": "realtime"} | wrong))
    checks.refused("a session without a type", openai.BadRequestError, code(400, "missing_required_parameter", "session.type"),
                   lambda: mint(session={"model": "gpt-realtime-2.1"}))
    checks.refused("what the beta's header asks for is no more", openai.BadRequestError, code(400, "beta_api_shape_disabled"),
                   lambda: mint(extra_headers={"OpenAI-Beta": "realtime=v1"}))
    checks.refused("an offer that is none", openai.BadRequestError, lambda error: error.code == "invalid_offer",
                   lambda: client.realtime.calls.create(sdp="hello"))
    stranger = openai.OpenAI(api_key="sk-wrong", base_url=client.base_url, max_retries=0)
    checks.refused("another key", openai.AuthenticationError, code(401, "invalid_api_key"), stranger.models.list)
    for fault, error in [({"status": 429}, openai.RateLimitError), ({"status": 503}, openai.InternalServerError)]:
        scene.world.ask("POST", "/_sim/faults", {"provider": "openai", "operation": "token", "fault": "status"} | fault)
        checks.refused(f"a fault: {fault['status']}", error, lambda error: error.status_code == fault["status"], mint)
    scene.world.ask("POST", "/_sim/faults", {"provider": "openai", "operation": "token", "fault": "status", "status": 429})
    patient = client.with_options(max_retries=1)
    checks.that("the SDK tries again where it may", patient.realtime.client_secrets.create().value.startswith("ek_"))


def deliveries(scene):
    print("webhooks")
    checks, client = scene.checks, scene.client
    call, body, headers = scene.ring()
    event = client.webhooks.unwrap(body, headers)
    checks.that("the SDK believes what the simulator signed", event.type == "realtime.call.incoming" and event.data.call_id == call, event)
    names = [header.name for header in event.data.sip_headers]
    checks.that("and reads it", names[:3] == ["From", "To", "Call-ID"] and event.object == "event", event)
    for sentence, changed in [("a changed body", (body.replace(b"rtc_", b"rtc-"), headers)),
                              ("another id", (body, headers | {"webhook-id": "wh_other"})),
                              ("a later time", (body, headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}))]:
        checks.refused(f"{sentence} is not believed", openai.InvalidWebhookSignatureError, lambda error: True,
                       lambda: client.webhooks.verify_signature(*changed))
    # The same, signed by the third party's package, at our door: only now do we hear of the call.
    listed = lambda: inbound(scene, call)
    checks.that("we do not know the call yet", listed() is None)
    again = events.signature(body.decode(), OPENAI_WEBHOOK_SECRET)
    tampered = ask("POST", scene.world.gateway + "/webhooks/openai", body.replace(b"srtp", b"none"), again)
    checks.that("changed it is refused", (tampered.status, tampered.body, listed()) == (401, b"", None), tampered.status)
    for duplicate in (False, True):
        found = ask("POST", scene.world.gateway + "/webhooks/openai", body, again)
        checks.that("as another package signs it, it is accepted", (found.status, found.json)
                    == (200, {"received": True, "duplicate": duplicate}), found.body)
    known = listed()
    checks.that("and the call is known", known and (known["direction"], known["channel"], known["phase"])
                == ("inbound", "phone", "in_progress"), known)
    checks.that("accepted, and the caller is heard", scene.line(call)["up"], scene.line(call))
    ended = scene.world.ask("POST", f"/api/calls/{known['callId']}/end", key=LOCAL_KEY)
    checks.that("we hang up", ended.json["phase"] == "ended" and not scene.line(call)["up"], ended.json)


def inbound(scene, call):
    listed = scene.world.ask("GET", "/api/calls?provider=openai", key=LOCAL_KEY).json["calls"]
    return next((one for one in listed if one["externalIds"].get("openai.callId") == call), None)


def shown(request):
    """A request as the simulator has it, without what belongs to the HTTP client."""
    headers = {name: value for name, value in request["headers"].items() if name in HEADERS}
    if headers.get("content-type", "").startswith("multipart/form-data"):
        headers["content-type"] = "multipart/form-data"
    body = copy.deepcopy(request["body"])
    for part in (body or {}).get("parts", []):
        if part["contentType"] == "application/json":
            # In what order fields stand, and how they are spaced, is nobody's.
            part["text"] = json.loads(part["text"])
            del part["bytes"]
    if body is None:
        # The SDK names a media type for no body at all.
        headers.pop("content-type", None)
    return {"method": request["method"], "path": request["path"], "query": request["query"], "headers": headers, "body": body}


def fits(kind, body):
    """Whether a body is of a type of the SDK's, with no field that the type does not have."""
    adapter = pydantic.TypeAdapter(kind)
    try:
        # What a type does not have is left out when it is read.
        return adapter.dump_python(adapter.validate_python(body, strict=True), mode="json", warnings=False) == body
    except pydantic.ValidationError as error:
        print(error)
        return False


def side_by_side(scene):
    print("what we send, beside what the SDK sends")
    checks, client = scene.checks, scene.client
    identifier = {}

    def same(sentence, operation, ours, theirs, kind, args=lambda body: body):
        mine = shown(scene.requests(operation, ours)[0])
        person = mine["headers"].get("openai-safety-identifier")
        identifier[sentence] = person
        body = mine["body"] or {}
        if "parts" in body:
            body = {part["name"]: part["text"] for part in body["parts"]}
        checks.that(f"{sentence} is of the SDK's type", kind is None or fits(kind, body), body)
        extra = {"extra_headers": {"OpenAI-Safety-Identifier": person}} if person else {}
        (sent,) = scene.requests(operation, lambda: theirs(**args(body), **extra))
        checks.that(f"{sentence} is what the SDK sends", mine == shown(sent), (mine, shown(sent)))
        return body

    options = {name: value for name, value in SESSION.items() if name != "type"}
    body = same("a client secret", "token", lambda: scene.ours("/api/realtime/token", options | {"userId": "ada", "ttlSecs": 60}, 200),
                client.realtime.client_secrets.create, ClientSecretCreateParams)
    checks.that("with every option of the session", contains(body["session"], SESSION), body)
    opened = {}
    body = same("an offer", "sdp", lambda: opened.update(scene.ours("/api/realtime/calls", options | {"userId": "ada", "sdp": OFFER}, 201)),
                client.realtime.calls.create, CallCreateParams)
    checks.that("letter by letter", body["sdp"] == OFFER and contains(body["session"], SESSION), body)
    checks.that("on behalf of the same person, whose name is not told", len(set(identifier.values())) == 1
                and "ada" not in str(identifier), identifier)
    call = scene.world.ask("GET", f"/api/calls/{opened['callId']}", key=LOCAL_KEY).json["externalIds"]["openai.callId"]

    def again(**_):
        try:
            client.realtime.calls.hangup(call)
        except openai.NotFoundError:
            pass

    same("a hang-up", "hangup", lambda: scene.ours(f"/api/realtime/calls/{opened['rtsId']}/end", None, 200), again, None)

    def answer_by_policy():
        _, delivered, _ = scene.ring()
        ask("POST", scene.world.gateway + "/webhooks/openai", delivered, events.signature(delivered.decode(), OPENAI_WEBHOOK_SECRET))

    def answer_by_sdk(**session):
        answered.append(scene.ring()[0])
        client.realtime.calls.accept(answered[-1], **session)

    answered = []
    accepted = scene.requests("place", answer_by_policy)[0]
    checks.that("an acceptance is of the SDK's type", fits(CallAcceptParams, accepted["body"]), accepted["body"])
    decided(checks, "an acceptance", accepted, scene.requests("place", lambda: answer_by_sdk(**accepted["body"]))[0])
    chat = {}
    same("a chat", "session", lambda: chat.update(scene.ours("/api/chatkit/session", {"user": "ada"}, 200)),
         client.beta.chatkit.sessions.create, SessionCreateParams)
    same("its end", "session", lambda: scene.ours(f"/api/chatkit/session/{chat['id']}/cancel", None, 200),
         lambda **_: client.beta.chatkit.sessions.cancel(chat["id"]), None)
    same("a look", "status", lambda: scene.world.ask("GET", "/api/health?deep=1", key=LOCAL_KEY), lambda **_: client.models.list(), None)


def decided(checks, sentence, ours, theirs):
    """What was decided about two calls that rang, alike but for their names."""
    names = [one["path"].split("/")[4] for one in (ours, theirs)]
    mine, sent = (json.loads(json.dumps(shown(one)).replace(name, "rtc")) for one, name in zip((ours, theirs), names))
    checks.that(f"{sentence} is what the SDK sends", names[0] != names[1] and mine == sent, (mine, sent))


def turned_away(scene):
    """In a world whose policy takes no calls. Here the simulator's own delivery tells us of one."""
    print("calls that come in and are not wanted")
    checks, call = scene.checks, scene.world.ask("POST", "/_sim/openai/incoming").json["callId"]
    known = until(lambda: over(inbound(scene, call)), 15, "the end of a call that is not wanted")
    checks.that("its record says so", (known["endReason"], known["direction"]) == ("rejected", "inbound"), known)
    (ours,) = [one for one in scene.world.ask("GET", "/_sim/requests?provider=openai").json["requests"] if one["operation"] == "end"]
    checks.that("a rejection is of the SDK's type", fits(CallRejectParams, ours["body"]), ours["body"])
    (theirs,) = scene.requests("end", lambda: scene.client.realtime.calls.reject(scene.ring()[0], **ours["body"]))
    decided(checks, "a rejection", ours, theirs)


def over(call):
    return call if call and call["phase"] == "ended" else None


def main():
    checks = Checks()
    with World() as world:
        scene = Scene(checks, world)
        for part in (secrets, calls, chats, refusals, deliveries, side_by_side):
            part(scene)
    with World("--parameter", "OpenaiSipPolicy=reject") as world:
        turned_away(Scene(checks, world))
    checks.close()


if __name__ == "__main__":
    main()
