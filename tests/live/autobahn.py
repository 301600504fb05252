"""A program: has Autobahn's cases, as kosoku drives them, judge a server, and prints a line of JSON about each.

It is a process of its own because kosoku's threads may abort the interpreter at its end.
"""

import asyncio
import json
import os
import sys

from kosoku import FailureError, run_fuzzingclient


async def main(url: str, cases: list[str]) -> None:
    """Run these cases, or all."""
    try:
        results = await run_fuzzingclient(url, cases or None, concurrency=4)
    except FailureError as error:
        results = error.results
    for each in results:
        print(json.dumps([each.case_id, each.behavior.value, each.behavior_close.value, each.result]))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
    sys.stdout.flush()
    os._exit(0)
