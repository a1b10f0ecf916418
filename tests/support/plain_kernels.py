"""Single kernels can be called only where they are plain Python: these tests run in that mode.

`tests/property/engine_core/test_modes.py` runs them there; in the other modes the
whole core is held against the oracle instead.
"""

import pytest

from sunwise.exchange.engine.core.jit import IS_COMPILED

plain_python_only = pytest.mark.skipif(
    IS_COMPILED, reason="calls single kernels: run with NUMBA_DISABLE_JIT=1, as test_modes does"
)
