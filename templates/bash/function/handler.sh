#!/bin/sh
# Replies to one request: the body is on the input.
body=$(cat)
echo "Hello! You sent: $body"
