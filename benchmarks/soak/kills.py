"""`make soak`, second part: kill -9 of every process under load, twenty times each.

`python -m benchmarks.soak.kills [--kills N] [--seed N]`
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.report import Figure, publish
from sunwise.exchange.engine.core import warm_up
from tests.support.kill_storm import KILLED, judge, storm, unlimited_exchange

METHOD: Final = """
Four clients trade over REST without a pause; an order without an answer is sent again under the
same client order id until its fate is known. Meanwhile the engine's process, the gateway's (with
the read models) and nats-server are killed with SIGKILL in turn, 0.5 to 2 s after the last came
back. Then each client's history is held against what it was told, the money is counted, and the
whole log is recomputed and compared with what is stored (`sunwise audit`).
"""


def main() -> None:
    """Runs the storm and publishes what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="of each process")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    warm_up()
    began_s = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="sunwise-kills-") as folder,
        unlimited_exchange(Path(folder) / "data") as exchange,
    ):
        kills = arguments.kills * len(KILLED)
        verdict = judge(exchange, storm(exchange, kills=kills, seed=arguments.seed))
    figures = [
        *(Figure(f"kill -9 of {name}", arguments.kills, "kills", ">= 20") for name in KILLED),
        Figure("orders acknowledged", verdict.acknowledged, "orders"),
        Figure("answers lost on the way, found by sending again", verdict.repeated, "orders"),
        Figure("acknowledged orders lost", verdict.lost, "orders", "== 0"),
        Figure("orders placed twice", verdict.doubled, "orders", "== 0"),
        Figure("orders nobody was told of", verdict.unsent, "orders", "== 0"),
        Figure("took", time.monotonic() - began_s, "s"),
    ]
    publish("kills", METHOD, figures)


if __name__ == "__main__":
    main()
