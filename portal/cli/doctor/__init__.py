"""`portal doctor`: checks everything that the portal needs and says how to fix each problem.

command   the command, and the order of the checks
steps     runs checks, and makes a finding of whatever ends one
findings  what is said of each thing that is checked
dynamodb  access, clock, table, permissions, indexes
mail      whether mail can leave
oidc      the provider at which staff sign in
fsm       the clusters of Field Service Management
search    whether anybody brings search up to date
"""

from portal.cli.doctor.command import doctor, examine
from portal.cli.doctor.findings import Finding

__all__ = ["Finding", "doctor", "examine"]
