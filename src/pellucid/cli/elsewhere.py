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
_NOT_YET = "it is not there yet"

ELSEWHERE = {
    "--access-logfile": _OUTPUT,
    "--access-logformat": "say --access-log FORMAT",
    "--access-log-fmt": "say --access-log FORMAT",
    "--address": _HOST,
    "--backpressure": "say --connections NUMBER",
    "--blocking-threads": "say --threads NUMBER",
    "--chdir": "say --app-dir FOLDER",
    "--config": "say it by options, or by variables such as PELLUCID_BIND",
    "--daemon": _MANAGER,
    "--debug": "say --log-level debug",
    "--directory": "name the folder itself, as in `pellucid serve public`",
    "--error-logfile": _OUTPUT,
    "--factory": "write () behind its name, as in `pellucid serve 'main:create_app()'`",
    "--fd": "say --bind fd:N",
    "--forwarded-allow-ips": _PROXIES,
    "--graceful-timeout": _GRACE,
    "--gzip": "a file with .gz, .zst or .br beside it is sent compressed by itself",
    "--host": _HOST,
    "--keep-alive": _IDLE,
    "--limit-concurrency": "say --connections NUMBER",
    "--limit-max-requests": "say --recycle-requests NUMBER",
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
    "--proxy-headers": _PROXIES,
    "--proxy-allow-from": _PROXIES,
    "--quiet": "say --access-log off",
    "--shutdown-timeout": _GRACE,
    "--socket": "say --bind unix:PATH",
    "--static-path-mount": "mount the folder, as in `pellucid serve /=main:app /static=public`",
    "--static-path-route": "mount the folder, as in `pellucid serve /=main:app /static=public`",
    "--timeout": "say --request-timeout SECONDS for a request, or --stuck-after SECONDS for a worker",
    "--timeout-graceful-shutdown": _GRACE,
    "--timeout-keep-alive": _IDLE,
    "--uds": "say --bind unix:PATH",
    "--umask": "say --socket-mode MODE",
    "--url-path-prefix": "mount the application, as in `pellucid serve /api=main:app`",
    "--verbose": "say --log-level debug",
    "--worker-class": _BY_LOOKING,
    "--worker-connections": "say --connections NUMBER",
    "--workers-lifetime": "say --recycle-age SECONDS",
    "--workers-max-rss": "say --recycle-memory BYTES",
    "-b": _HOST,
    "-c": "say it by options, or by variables such as PELLUCID_BIND",
    "-D": _MANAGER,
    "-k": _BY_LOOKING,
    "-p": _PORT,
    "-t": "say --request-timeout SECONDS for a request, or --stuck-after SECONDS for a worker",
    "-w": "say --workers NUMBER",
    **dict.fromkeys(
        ("--cert", "--certfile", "--keyfile", "--ssl", "--ssl-certfile", "--ssl-keyfile", "--tls", "--ws"), _NOT_YET
    ),
}
