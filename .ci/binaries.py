"""Every function's real binary answers its event files under AWS's runtime interface emulator."""

import contextlib
import subprocess

import events
from checklist import Checklist
from emulator import Emulator, binary
from world import World

# What Amazon Linux 2023 has: a binary that asks for more does not start there.
GLIBC = (2, 34)


def newest_glibc(path):
    listing = subprocess.run(["objdump", "-T", path], check=True, capture_output=True, text=True).stdout
    versions = {word.strip("()") for word in listing.split() if word.strip("()").startswith("GLIBC_2")}
    return max(tuple(int(part) for part in version.removeprefix("GLIBC_").split(".")) for version in versions)


def main():
    checks = Checklist("binaries under the runtime interface emulator")
    for function in sorted(events.FUNCTIONS):
        found = newest_glibc(binary(function))
        checks.that(f"{function} starts on Amazon Linux 2023", found <= GLIBC, found)
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(World())
        running = {
            function: stack.enter_context(Emulator(function, world.function_environment(function)))
            for function in events.FUNCTIONS
        }
        events.rehearse(checks, world, lambda function, event: running[function].invoke(event))
        if checks.broken:
            print("\n".join(emulator.tail() for emulator in running.values()))
    checks.close()


if __name__ == "__main__":
    main()
