"""A company that does not exist, and could: to try Sunwise with, and to measure it on.

The same size, seed and days give the same company. Nobody in it is somebody.
"""

from sunwise.cli.company.company import Company, invented_company
from sunwise.cli.company.places import Place, places

__all__ = ["Company", "Place", "invented_company", "places"]
