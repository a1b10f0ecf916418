"""An exchange that never sleeps, run by people who do."""
