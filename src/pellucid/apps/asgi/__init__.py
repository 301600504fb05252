"""Serves an ASGI app: `app.Asgi(app, loop, watch, settings)` is an app of exchanges, and its life.

One request's way through the modules, in the order of reading: `app` begins a task, `scope` says what the app is told,
`conversation` is what it receives and sends. `stages` says which message may come when, `heads`, `parts`, `stream` and
`files` what becomes of them, and `waiters` is how it waits. `faults` words what goes wrong, `lifespan` is the
conversation that is about no request, and `calling` adapts apps of version 2.
"""
