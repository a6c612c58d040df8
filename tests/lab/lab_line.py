"""The laboratory's page as a visitor sees it at the end of a slow line."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import lab_net
import lab_web

HERE = Path(__file__).resolve().parent
VISITOR, SITE = "10.99.0.2", "10.99.0.1"


@contextlib.contextmanager
def slow_line(lab, round_trip, rate, port=80):
    """HOST:PORT of it, from here; round_trip in seconds, rate in bits a second. What arrives at HOST:PORT waits until the
    connection over the line is there, so that its handshake counts."""
    visitor = lab_net.Host(lab.dir, "visitor")
    visitor.start()
    line = None
    try:
        line = subprocess.Popen([sys.executable, "-I", HERE / "line.py", str(visitor.pid), str(lab.receiver.pid),
                                 str(round_trip / 2), str(rate / 8)], stdout=subprocess.PIPE, text=True)
        assert line.stdout.readline() == "up\n", "line.py says on standard error what is the matter"
        for host, own, other in ((visitor, VISITOR, SITE), (lab.receiver, SITE, VISITOR)):
            host.ip(f"address add {own} peer {other} dev line", "link set line up")
        with lab_web.listen(0) as listener:
            here = listener.getsockname()[1]
            visitor.spawn([sys.executable, "-I", HERE / "forward.py", listener.fileno(), SITE, port], "forward.log",
                          pass_fds=[listener.fileno()])
        yield f"127.0.0.1:{here}"
    finally:
        if line:
            line.kill()
            line.wait()
            line.stdout.close()
        os.kill(visitor.pid, signal.SIGKILL)
        visitor.reap()
        shutil.rmtree(visitor.directory)
