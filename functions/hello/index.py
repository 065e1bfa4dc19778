"""Runs handler.handle on the request body, as a function forked for each request."""
import sys

import handler

reply = handler.handle(sys.stdin.read())
if reply is not None:
    print(reply)
