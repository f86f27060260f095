#!/bin/sh
# Holds a lab from outside, and clears away what the kernel doesn't. Usage: supervisor.sh INIT CGROUP... Its standard
# input is a pipe that only the process which opened the lab can write to: when that process ends, however it ends, the
# lab's first process reads the end of the pipe and ends as well, and the kernel ends everything else in the lab.
set -u
init=$1
shift
# Nobody stops the lab but by that pipe.
trap '' HUP INT TERM

unshare --mount --net --pid --ipc --uts --fork --kill-child sh "$init"

# Its processes are gone, and so are its mounts, namespaces and loop devices. The kernel may take a moment to see that its
# control groups are empty.
for group in "$@"; do
  tries=0
  while [ -d "$group" ] && [ "$tries" -lt 100 ]; do
    find "$group" -depth -type d -exec rmdir {} + 2> /dev/null || sleep 0.05
    tries=$((tries + 1))
  done
done
