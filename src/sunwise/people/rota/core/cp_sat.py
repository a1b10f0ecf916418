"""The solver as every search here asks it: one thread, a fixed seed, deterministic time.

A unit of deterministic time is about a CPU second; equal models give equal answers.
"""

from typing import Final

from ortools.sat.python import cp_model

SEED: Final = 1


def solver_of(seconds: float) -> cp_model.CpSolver:
    """Presolving costs more than it saves on models of this kind."""
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.num_workers = 1
    parameters.random_seed = SEED
    parameters.max_deterministic_time = seconds
    parameters.cp_model_probing_level = 0
    parameters.merge_at_most_one_work_limit = 0
    parameters.symmetry_level = 0
    parameters.max_presolve_iterations = 1
    return solver


def deterministic_s(solver: cp_model.CpSolver) -> float:
    """What the last search took."""
    return float(solver.response_proto.deterministic_time)
