"""The store's tests against ministack, a DynamoDB that has no code in common with the one of the local world."""

import os
import re
import subprocess
import sys

from checklist import Checklist
from world import ROOT, SCRATCH, ask, end, free_port, launch, until

HEALTH = "/_ministack/health"


class Ministack:
    def __init__(self, program):
        self.program, self.port = program, free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        SCRATCH.mkdir(parents=True, exist_ok=True)
        self.log = (SCRATCH / "ministack.log").open("wb")
        settings = {"GATEWAY_PORT": str(self.port), "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1"}
        settings |= {"SERVICES": "dynamodb", "TMPDIR": str(SCRATCH)}
        self.process = launch([self.program], self.log, env=os.environ | settings)
        until(self._serves, 30, "the start of ministack")
        return self

    def _serves(self):
        if self.process.poll() is not None:
            raise RuntimeError((SCRATCH / "ministack.log").read_text(errors="replace"))
        try:
            return ask("GET", self.url + HEALTH, timeout=2).status == 200
        except OSError:
            return False

    def tables_created(self):
        return (SCRATCH / "ministack.log").read_text(errors="replace").count("DynamoDB table created")

    def __exit__(self, *_):
        end(self.process)
        self.log.close()


def main():
    checks = Checklist("the store on a second emulator")
    with Ministack(sys.argv[1]) as ministack:
        command = ["cargo", "test", "--workspace", "--test", "it", "store::"]
        tests = subprocess.run(
            command, cwd=ROOT, env=os.environ | {"SWITCHBOARD_TEST_DYNAMODB": ministack.url},
            stdout=subprocess.PIPE, text=True,
        )
        print(tests.stdout, end="", flush=True)
        passed = sum(int(count) for count in re.findall(r"^test result: ok\. (\d+) passed", tests.stdout, re.MULTILINE))
        checks.that("the tests pass", tests.returncode == 0, tests.returncode)
        checks.that("there are tests", passed > 0, passed)
        checks.that("they ran there", ministack.tables_created() > 0)
    checks.close()


if __name__ == "__main__":
    main()
