"""Headless Chromium, driven over its debugging pipe: tabs that can be looked into, and a machine that can fall asleep."""

import base64
import itertools
import json
import os
import queue
import shutil
import signal
import tempfile
import threading
import time

from world import SCRATCH, end, launch

# A microphone that beeps and is never asked for, and peer connections that may stay on this machine.
VOICE = [
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
]
PATIENCE_SECS = 60


def command_line(profile, resolver):
    """A browser without a past that speaks to nobody by itself, and knows no names but those that it is told."""
    return [
        shutil.which("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-breakpad",
        "--disable-dev-shm-usage", "--no-proxy-server", f"--host-resolver-rules={resolver}", f"--user-data-dir={profile}",
    ]


class Broken(Exception):
    """What a page threw, or why Chromium did not do what it was told."""


class Browser:
    """`with Browser() as browser:` runs one until the block ends."""

    def __init__(self, *flags, resolver="MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1"):
        self.flags, self.resolver = flags, resolver
        self.ids, self.answers, self.lock = itertools.count(1), {}, threading.Lock()

    def __enter__(self):
        SCRATCH.mkdir(parents=True, exist_ok=True)
        self.profile = tempfile.mkdtemp(prefix="profile-", dir=SCRATCH)
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        command = [
            *command_line(self.profile, self.resolver), "--remote-debugging-pipe", *self.flags, "about:blank",
        ]
        # Chromium listens at descriptor 3 and speaks at 4. Twice by way of others, which the first move could overwrite.
        moved = f'exec 8<&{theirs_in} 9>&{theirs_out} && exec "$@" 3<&8 4>&9 8<&- 9>&-'
        with (SCRATCH / "chromium.log").open("ab") as log:
            self.process = launch(["bash", "-c", moved, "bash", *command], log, pass_fds=(theirs_in, theirs_out),
                                  start_new_session=True)
        os.close(theirs_in), os.close(theirs_out)
        self.pipe, self.source = os.fdopen(ours_out, "wb", buffering=0), os.fdopen(ours_in, "rb", buffering=0)
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def _listen(self):
        kept = b""
        while block := self.source.read(65536):
            *messages, kept = (kept + block).split(b"\0")
            for message in map(json.loads, messages):
                waiting = self.answers.pop(message.get("id"), None)
                if waiting:
                    waiting.put(message)
        for waiting in list(self.answers.values()):
            waiting.put({"error": {"message": "Chromium is gone"}})

    def tell(self, method, parameters=None, session=None, patience=PATIENCE_SECS):
        """One command of the DevTools protocol, and its result."""
        ident, waiting = next(self.ids), queue.Queue()
        self.answers[ident] = waiting
        message = {"id": ident, "method": method, "params": parameters or {}} | ({"sessionId": session} if session else {})
        with self.lock:
            self.pipe.write(json.dumps(message).encode() + b"\0")
        try:
            answer = waiting.get(timeout=patience)
        except queue.Empty:
            raise Broken(f"{method} was not answered within {patience} s") from None
        if "error" in answer:
            raise Broken(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def device(self):
        """A browser that shares neither cookies nor storage with the others."""
        return self.tell("Target.createBrowserContext")["browserContextId"]

    def tab(self, url, device=None):
        wish = {"url": "about:blank"} | ({"browserContextId": device} if device else {})
        target = self.tell("Target.createTarget", wish)["targetId"]
        session = self.tell("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        tab = Tab(self, target, session)
        tab.open(url)
        return tab

    def sleep(self):
        """The lid is closed: nothing of it runs."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def wake(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def __exit__(self, *_):
        self.wake()
        end(self.process)
        shutil.rmtree(self.profile, ignore_errors=True)


class Tab:
    """One page. What its scripts throw is thrown here."""

    def __init__(self, browser, target, session):
        self.browser, self.target, self.session = browser, target, session

    def tell(self, method, parameters=None, patience=PATIENCE_SECS):
        return self.browser.tell(method, parameters, self.session, patience)

    def open(self, url):
        self.tell("Page.navigate", {"url": url})
        self.until("document.documentElement?.dataset.ready === 'yes'", PATIENCE_SECS, f"loading {url}")

    def run(self, script, patience=PATIENCE_SECS):
        """The value of an expression; of a promise what it comes to."""
        wish = {"expression": script, "awaitPromise": True, "returnByValue": True, "userGesture": True}
        answer = self.tell("Runtime.evaluate", wish, patience)
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            raise Broken(thrown.get("exception", {}).get("description") or thrown["text"])
        return answer["result"].get("value")

    def until(self, script, seconds, what):
        """Waits until an expression is true, and answers after how many seconds it was. A page says that it is ready in
        `data-ready`."""
        begun = time.monotonic()
        while (waited := time.monotonic() - begun) < seconds:
            try:
                if self.run(script):
                    return waited
            except Broken as broken:
                # A page that is just being replaced by another runs no scripts.
                if "context" not in str(broken):
                    raise
            time.sleep(0.1)
        raise Broken(f"{what} took longer than {seconds} s")

    def stall(self, seconds):
        """Keeps its one thread busy for so long: no timer fires and nothing is answered, but sound goes on."""
        busy = f"{{ const end = performance.now() + {seconds * 1000}; while (performance.now() < end); }}"
        self.tell("Runtime.evaluate", {"expression": f"setTimeout(() => {busy}, 0), 0", "returnByValue": True})

    def picture(self, path):
        shot = self.tell("Page.captureScreenshot", {"format": "png"})["data"]
        path.write_bytes(base64.b64decode(shot))

    def close(self):
        self.browser.tell("Target.closeTarget", {"targetId": self.target})
