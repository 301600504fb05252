"""Processes at work: who owns the ports, who serves, and what the system around them is told.

The modules in the order of reading:

- What is decided, without a process and without a clock: `fleet` is told what happens to workers and answers with
  `actions`; `backoff` says when the next may be started after early deaths, `cores` how many are meant, and `recycling`
  when one has served long enough.
- The parent: `supervisor` hears signals and workers, and does what the fleet decides. `child` forks, `worker_process`
  is a worker as its parent sees it, `monitor` answers for all of them;
  `renewal` is what workers begin with, read by the parent.
- A worker: `seat` is what its parent gives it, `seated` does what that one says, `lifetime` leads from the beginning of
  its apps to their end, `pulse` shows that its loop turns, and `share` how many connections it takes before others.
- What both have: `channel`, lines between the two; `board`, numbers that all of them see; `signals` as calls in a loop.
- For development: `lookout` looks for changed files in a process of its own, `changes` says what a change is.
- What the system gives and takes: `systemd` its sockets and its word, `privileges` the rights of root.

A process that serves `alone` has a lifetime and no parent: `pellucid.worker` is where both kinds are put together.
"""
