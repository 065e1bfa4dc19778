#!/bin/sh
# Answers with what it is given, and says so in the log.
echo said on stderr >&2
cat
