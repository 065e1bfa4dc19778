#!/bin/sh
# Leaves sleepers behind: in its group, in the background of a dead shell, in a session of their own, and many.
sleep 300 > /dev/null 2>&1 &
(sh -c 'sleep 301 > /dev/null 2>&1 &')
setsid sh -c 'sleep 302 > /dev/null 2>&1 &'
for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 303 > /dev/null 2>&1 & done
echo left
