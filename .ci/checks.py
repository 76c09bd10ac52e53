"""What a check against somebody else's package found, one line for each, and the count at the end."""

import sys


class Checks:
    """One line for each, and the count at the end."""

    def __init__(self):
        self.held, self.broken = 0, 0

    def that(self, sentence, holds, found=None):
        if holds:
            self.held += 1
            print(f"  {sentence}", flush=True)
        else:
            self.broken += 1
            print(f"  FAILED  {sentence}; found {found!r}", flush=True)

    def refused(self, sentence, error, status, call):
        """`call` must raise `error`; `status` reads the status that it carries."""
        try:
            found = call()
        except error as raised:
            self.that(sentence, status(raised), raised)
        else:
            self.that(sentence, False, found)

    def close(self):
        print(f"{self.held} checks held" + (f", {self.broken} did not" if self.broken else ""), flush=True)
        sys.exit(0 if self.held and not self.broken else 1)
