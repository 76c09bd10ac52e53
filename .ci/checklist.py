"""What a check found, sentence by sentence. A script that ends without a finding fails, too."""

import sys
import time


class Checklist:
    def __init__(self, name):
        self.name, self.held, self.broken, self.begun = name, 0, 0, time.monotonic()

    def that(self, sentence, holds, found=None):
        """Notes whether a sentence holds; what was found instead is shown where it does not."""
        if holds:
            self.held += 1
        else:
            self.broken += 1
            print(f"  FAILED  {sentence}" + ("" if found is None else f"\n          found: {found!r}"), flush=True)
        return bool(holds)

    def section(self, heading):
        print(f"  {heading}", flush=True)

    def close(self):
        """Prints the closing line and ends the process."""
        good = self.held > 0 and self.broken == 0
        seconds = time.monotonic() - self.begun
        verdict = "ok" if good else "FAILED"
        print(f"{self.name}: {verdict}. {self.held} held, {self.broken} broken, in {seconds:.1f} s", flush=True)
        sys.exit(0 if good else 1)
