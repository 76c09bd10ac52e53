"""A function's real binary under AWS's runtime interface emulator (it comes with aws-sam-cli)."""

import json
import os
import pathlib
import signal
import tempfile
import threading

import samcli

from world import ROOT, SCRATCH, ask, end, free_port, launch, listens, until

EMULATOR = pathlib.Path(samcli.__file__).parent / "local" / "rapid" / "aws-lambda-rie-x86_64"
INVOKE = "/2015-03-31/functions/function/invocations"


def binary(function):
    """What `sam build` has made of a function."""
    built = ROOT / ".aws-sam" / "build" / f"{function.title().replace('-', '')}Function" / "bootstrap"
    if not built.is_file():
        raise FileNotFoundError(f"{built} is missing; run `sam build` first")
    return built


class Emulator:
    """One execution environment: it takes one event at a time, as in AWS."""

    def __init__(self, function, environment):
        self.function, self.environment, self.turn = function, environment, threading.Lock()

    def __enter__(self):
        self.port, api = free_port(), free_port()
        SCRATCH.mkdir(parents=True, exist_ok=True)
        self.log = tempfile.NamedTemporaryFile(dir=SCRATCH, prefix=f"{self.function}-", suffix=".log")
        command = [
            EMULATOR, "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}",
            "--runtime-api-address", f"127.0.0.1:{api}", binary(self.function),
        ]
        # Nothing of this machine's environment: a function has what its deployment gives it.
        self.process = launch(command, self.log, env=self.environment)
        until(lambda: listens(self.port), 20, f"the emulator of {self.function}")
        return self

    def invoke(self, event):
        """The function's answer: `{statusCode, headers, body, …}`."""
        with self.turn:
            answer = ask("POST", f"http://127.0.0.1:{self.port}{INVOKE}", json.dumps(event).encode())
        return json.loads(answer.body)

    def function_pid(self):
        """The pid of the function's own process, once there is one."""
        for thread in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            children = (thread / "children").read_text().split()
            if children:
                return int(children[0])
        return None

    def kill_function(self):
        """Ends the function's process as a machine does that loses power."""
        os.kill(self.function_pid(), signal.SIGKILL)

    def __exit__(self, *_):
        # It takes the function with it.
        end(self.process)
        self.log.close()

    def tail(self, characters=2000):
        return pathlib.Path(self.log.name).read_text(errors="replace")[-characters:]
