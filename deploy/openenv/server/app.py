"""The server as OpenEnv's tools look for it: ``server.app:app`` and ``server.app:main``.

``finqa-gym serve --openenv`` is the same with the limits of connections that only it can set.
Settings: FINQA_CORPUS, FINQA_SPLIT, FINQA_MAX_SESSIONS, FINQA_MAX_SESSIONS_PER_CLIENT,
FINQA_TRUSTED_PROXIES.
"""

import argparse
import os

from finqa_gym.integrations.openenv import Limits, create_app, serve

LIMITS = Limits(
    max_sessions=int(os.environ.get("FINQA_MAX_SESSIONS", "256")),
    max_sessions_per_client=int(os.environ.get("FINQA_MAX_SESSIONS_PER_CLIENT", "256")),
)
app = create_app(
    os.environ.get("FINQA_CORPUS", "synthetic"),
    split=os.environ.get("FINQA_SPLIT") or None,
    limits=LIMITS,
)


def main() -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(description="finqa-gym behind OpenEnv's protocol")
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    proxies = os.environ.get("FINQA_TRUSTED_PROXIES", "127.0.0.1")
    serve(app, LIMITS, host=options.host, port=options.port, trusted_proxies=proxies)


if __name__ == "__main__":
    main()
