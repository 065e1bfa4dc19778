#!/bin/sh
# Replies with the request body in capitals.
tr "[:lower:]" "[:upper:]"
