"""Serves an ASGI app: `app.Asgi(app, loop, watch, settings)` is an app of exchanges, and its life.

One request's way through the modules, in the order of reading: `app` begins a task, `scope` says what the app is told,
`conversation` is what it receives and sends, `heads`, `stream` and `files` what becomes of that. `faults` words what
goes wrong, `lifespan` is the conversation that is about no request, and `calling` adapts apps of version 2.
"""
