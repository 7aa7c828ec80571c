"""The command line: parse, call one function, print. Heavy imports happen inside commands."""

import time

# Loading libraries takes a second or more, which whoever waits for a limit waits for, too.
STARTED = time.monotonic()
