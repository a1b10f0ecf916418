"""Settings of a replica that do not fit together."""

import pytest

from sunwise.chassis.config import SettingsInvalid, load_settings
from sunwise.exchange.engine.service import EngineSettings


def test_a_replica_beyond_the_number_of_replicas_is_refused():
    """With the number left at its default it would differ and tell nobody."""
    with pytest.raises(SettingsInvalid, match="replica 2 of n_replicas 1: the numbers are 0 to 0"):
        load_settings(EngineSettings, "engine", environ={"SUNWISE_ENGINE_REPLICA": "2"})


def test_the_last_of_several_replicas_is_counted_on():
    environ = {"SUNWISE_ENGINE_REPLICA": "2", "SUNWISE_ENGINE_N_REPLICAS": "3"}
    assert load_settings(EngineSettings, "engine", environ=environ).replica == 2
