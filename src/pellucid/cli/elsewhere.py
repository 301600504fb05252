"""What other servers call an option, and what it is here; it is asked only about options that there are not."""

from __future__ import annotations

_PORT = "say --bind PORT"
_HOST = "say --bind HOST:PORT"
_GRACE = "say --grace SECONDS"
_IDLE = "say --idle SECONDS"
_PROXIES = "say --trusted-proxies ADDRESS"
_BY_LOOKING = "what an application speaks is told by looking at it; see --interface, --threads and --loop"
_MANAGER = "let systemd, a container or the shell keep it in the background; no file is written"
_OUTPUT = "the access log goes to standard output, as in `pellucid serve > access.log`, and all else to standard error"
_NO_TLS = "TLS is not there yet; let a proxy such as nginx speak it, and name that with --trusted-proxies"
_NO_WEBSOCKETS = "WebSockets are not there yet"
_ENVIRONMENT = "set variables before the command, as in `DEBUG=1 pellucid serve main:app`"

ELSEWHERE = {
    "--access-log-fmt": "say --access-log FORMAT",
    "--access-logfile": _OUTPUT,
    "--access-logformat": "say --access-log FORMAT",
    "--address": _HOST,
    "--app": "name it without an option, as in `pellucid serve main:app`",
    "--backpressure": "say --connections NUMBER",
    "--blocking-threads": "say --threads NUMBER",
    "--chdir": "say --app-dir FOLDER",
    "--config": "say it by options, or by variables such as PELLUCID_BIND",
    "--daemon": _MANAGER,
    "--debug": "say --log-level debug",
    "--directory": "name the folder itself, as in `pellucid serve public`",
    "--env": _ENVIRONMENT,
    "--env-file": _ENVIRONMENT,
    "--error-logfile": _OUTPUT,
    "--factory": "write () behind its name, as in `pellucid serve 'main:create_app()'`",
    "--fd": "say --bind fd:N",
    "--forwarded-allow-ips": _PROXIES,
    "--graceful-timeout": _GRACE,
    "--gzip": "a file with .gz, .zst or .br beside it is sent compressed by itself",
    "--h11-max-incomplete-event-size": "say --head-size BYTES",
    "--host": _HOST,
    "--http": "HTTP/1 is what is spoken, by one implementation",
    "--keep-alive": _IDLE,
    "--limit-concurrency": "say --connections NUMBER",
    "--limit-max-requests": "say --recycle-requests NUMBER",
    "--limit-request-field_size": "say --head-size BYTES",
    "--limit-request-fields": "say --field-count NUMBER",
    "--limit-request-line": "say --request-line BYTES",
    "--listen": _HOST,
    "--log-config": "say --log-format and --log-level",
    "--log-file": _OUTPUT,
    "--max-requests": "say --recycle-requests NUMBER",
    "--max-requests-jitter": "say --recycle-jitter PERCENT",
    "--no-access-log": "say --access-log off",
    "--pid": _MANAGER,
    "--pidfile": _MANAGER,
    "--port": _PORT,
    "--preload": "each worker loads the application itself, so that a reload brings new code",
    "--proxy-allow-from": _PROXIES,
    "--proxy-headers": _PROXIES,
    "--pythonpath": "say --app-dir FOLDER",
    "--quiet": "say --access-log off",
    "--reload-extra-file": "say --reload-include GLOB",
    "--shutdown-timeout": _GRACE,
    "--socket": "say --bind unix:PATH",
    "--static-path-mount": "mount the folder, as in `pellucid serve /=main:app /static=public`",
    "--static-path-route": "mount the folder, as in `pellucid serve /=main:app /static=public`",
    "--timeout": "say --request-timeout SECONDS for a request, or --stuck-after SECONDS for a worker",
    "--timeout-graceful-shutdown": _GRACE,
    "--timeout-keep-alive": _IDLE,
    "--timeout-worker-healthcheck": "say --stuck-after SECONDS",
    "--uds": "say --bind unix:PATH",
    "--umask": "say --socket-mode OCTAL",
    "--url-path-prefix": "mount the application, as in `pellucid serve /api=main:app`",
    "--verbose": "say --log-level debug",
    "--worker-class": _BY_LOOKING,
    "--worker-connections": "say --connections NUMBER",
    "--workers-lifetime": "say --recycle-age SECONDS",
    "--workers-max-rss": "say --recycle-memory BYTES",
    "--ws": _NO_WEBSOCKETS,
    "-b": _HOST,
    "-c": "say it by options, or by variables such as PELLUCID_BIND",
    "-D": _MANAGER,
    "-e": _ENVIRONMENT,
    "-g": "say --group GROUP",
    "-k": _BY_LOOKING,
    "-p": _PORT,
    "-t": "say --request-timeout SECONDS for a request, or --stuck-after SECONDS for a worker",
    "-u": "say --user USER",
    "-w": "say --workers NUMBER",
    **dict.fromkeys(
        ("--cert", "--certfile", "--keyfile", "--ssl", "--ssl-certfile", "--ssl-keyfile", "--tls"), _NO_TLS
    ),
}
