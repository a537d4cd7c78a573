"""A school behind Django REST Framework, to be measured: `/usr/bin/python3 serve.py --port 8000`.

It seeds a SQLite file, says `listening on http://...` and serves until it is ended.

SCHOOL_PASSWORD  everybody's password (required)
SCHOOL_CACHE     `off` leaves caching to whatever stands in front
SCHOOL_TTL       how long an answer is kept, in seconds (300)
SCHOOL_DB        the SQLite file (a temporary one)
"""
import argparse
import os
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

import django  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402


class Server(ThreadedWSGIServer):
    """A thread per connection; many people may connect at once."""

    request_queue_size = 512


class Handler(WSGIRequestHandler):
    """HTTP/1.1 with persistent connections."""

    # Head and body in one packet: apart, Nagle's algorithm and the delayed
    # acknowledgement would add 40 ms to an answer.
    wbufsize = 64 * 1024
    disable_nagle_algorithm = True

    def handle_one_request(self):
        super().handle_one_request()
        # An answer without a body, as 304 is, has been written and not yet sent.
        self.wfile.flush()

    def log_message(self, format, *args):
        """Says nothing: a log line per request would be most of what it does."""


def end_with_parent():
    """Ends this process when the one that holds our standard input is gone."""
    sys.stdin.buffer.read()
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input closes")
    options = parser.parse_args()
    if options.exit_with_parent:
        threading.Thread(target=end_with_parent, daemon=True).start()
    with tempfile.TemporaryDirectory() as directory:
        os.environ.setdefault("SCHOOL_DB", os.path.join(directory, "school.sqlite3"))
        django.setup()
        call_command("migrate", run_syncdb=True, verbosity=0)
        call_command("seed")
        server = Server(("127.0.0.1", options.port), Handler)
        server.set_app(get_wsgi_application())
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
