"""Which ports of this machine are free."""

import socket

HOST = "127.0.0.1"


def why_not(port: int) -> str:
    """Why nobody may listen on this port now; empty if one may."""
    if not 0 < port < 65536:
        return f"There is no port {port}: ports go from 1 to 65535."
    with socket.socket() as attempt:
        # As servers do it: the rests of closed connections do not count as taken.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((HOST, port))
            attempt.listen()
        except PermissionError:
            return f"Port {port} is kept for the system's own programs."
        except OSError:
            return f"Port {port} is taken by another program. Stop that program, or take another port."
    return ""


def free(port: int) -> bool:
    return not why_not(port)


def any_free() -> int:
    with socket.socket() as attempt:
        attempt.bind((HOST, 0))
        return int(attempt.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection((HOST, port), timeout=0.5).close()
    except OSError:
        return False
    return True
