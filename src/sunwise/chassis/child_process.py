"""Children that cannot outlive this process, even when it is killed with -9."""

import os
import sys

# PR_SET_PDEATHSIG (1) survives exec; asking for it in a fresh interpreter instead of between fork
# and exec keeps clear of the deadlocks of running Python there while threads are about.
# `getppid` closes the race in which the parent is already gone.
_WRAPPER = (
    "import ctypes,os,sys;"
    "ctypes.CDLL(None).prctl(1,int(sys.argv[2]),0,0,0);"
    "os.getppid()==int(sys.argv[1]) or sys.exit(1);"
    "os.execv(sys.argv[3],sys.argv[3:])"
)


def dying_with_parent(command: list[str], *, signal_number: int = 15) -> list[str]:
    """`command` (an absolute path and its arguments) wrapped to get a signal when we die.

    Costs about 15 ms at start, then the wrapper is replaced by the command. Start it from the
    main thread: Linux sends the signal when the *thread* that started the child ends.
    """
    if not sys.platform.startswith("linux"):
        return command
    flags = ["-I", "-S", "-c", _WRAPPER, str(os.getpid()), str(signal_number)]
    return [sys.executable, *flags, *command]
