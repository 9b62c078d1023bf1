"""Runs a program of others so that it listens on this machine alone.

    python loopback.py MODULE ARGUMENT…
"""

import runpy
import socket
import sys


class Loopback(socket.socket):
    """A socket that, wherever it is told to listen, listens on 127.0.0.1."""

    def __init__(self, family=-1, *others, **more):
        if family == socket.AF_INET6:
            family = socket.AF_INET
        super().__init__(family, *others, **more)

    def bind(self, address):
        super().bind(("127.0.0.1", address[1]) if isinstance(address, tuple) else address)


socket.socket = Loopback
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
