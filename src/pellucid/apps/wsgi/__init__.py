"""Runs a WSGI app: `app.Wsgi(app, reactor, watch, settings, multiprocess)` is the app of a site, and has a life.

One request's way through the modules, in the order of reading:

- `app` gets the exchange. `body` receives the request's body whole; no thread waits for a client.
- `threaded` is a call of the app as a job of `net.threads`, `inline` one in the loop itself; `settings` says which.
  What both need is in `call`: start_response, early hints, and the rules for what an app returns.
- `environ` makes the app's view of the request, and `head` a Response of what it gives to start_response.
- An answer that is whole goes back as bytes. `stream` takes one that comes in parts from a thread, which waits while
  the client does not read; `files` sends a wrapped file by sendfile.
- `errors` takes what an app says of itself by wsgi.errors.
"""
