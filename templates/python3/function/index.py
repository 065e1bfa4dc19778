"""Runs handler.handle on the request's body; a process is started for each request."""
import sys

import handler

reply = handler.handle(sys.stdin.read())
if reply is not None:
    print(reply)
