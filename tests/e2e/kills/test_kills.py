"""kill -9 of each process under load: nothing acknowledged is lost, nothing is placed twice.

Twenty kills of each process: `make soak`.
"""

import pytest

from tests.support.kill_storm import judge, storm, unlimited_exchange


@pytest.fixture
def exchange(compiled_engine, tmp_path):
    with unlimited_exchange(tmp_path / "data") as running:
        yield running


@pytest.mark.timeout(240)
def test_one_kill_of_each_process_under_load_loses_and_doubles_nothing(exchange, seed):
    verdict = judge(exchange, storm(exchange, kills=3, seed=seed))
    assert (verdict.lost, verdict.doubled, verdict.unsent) == (0, 0, 0)
    assert verdict.acknowledged > 50
