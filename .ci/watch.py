"""`cargo lambda watch` and `cargo lambda invoke --data-file events/…` work for every function against the local world."""

import json
import signal
import subprocess
import tempfile

import events
from checklist import Checklist
from world import ROOT, SCRATCH, World, end, free_port, launch, listens, until

# Where nothing is compiled already, the first event of each function waits for the compiler.
PATIENCE_SECS = 600


class Watch:
    def __init__(self, environment_file):
        self.port, self.environment_file = free_port(), environment_file

    def __enter__(self):
        self.log = (SCRATCH / "watch.log").open("w+b")
        command = [
            "cargo", "lambda", "watch", "--release", "--ignore-changes", "--invoke-address", "127.0.0.1",
            "--invoke-port", str(self.port), "--env-file", self.environment_file, "--timeout", str(PATIENCE_SECS),
        ]
        self.process = launch(command, self.log, cwd=ROOT)
        until(lambda: listens(self.port), 60, "the start of cargo lambda watch")
        return self

    def text(self):
        return (SCRATCH / "watch.log").read_text(errors="replace")

    def invoke(self, function, event):
        with tempfile.NamedTemporaryFile("w", dir=SCRATCH, suffix=".json") as file:
            json.dump(event, file)
            file.flush()
            command = [
                "cargo", "lambda", "invoke", function, "--invoke-address", "127.0.0.1", "--invoke-port",
                str(self.port), "--data-file", file.name,
            ]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECS)
        return json.loads(done.stdout) if done.returncode == 0 else {"failed": done.stderr}

    def __exit__(self, *_):
        # Ctrl-C, as a developer stops it: it ends the functions that it started.
        end(self.process, signal.SIGINT)
        self.log.close()


def main():
    checks = Checklist("cargo lambda watch and invoke")
    with World() as world:
        environment_file = world.directory / "environment"
        environment_file.write_text(world.dev("env"))
        with Watch(environment_file) as watch:
            events.rehearse(checks, world, watch.invoke)
            if checks.broken:
                print(watch.text()[-4000:])
    checks.close()


if __name__ == "__main__":
    main()
