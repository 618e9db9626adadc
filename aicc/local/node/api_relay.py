"""The API server for the sandbox: listens at the node's address, connects to the machine's loopback.

`python -m aicc.local.node.api_relay NETWORK_FD ADDRESS PORT API_PORT`, in the sandbox; NETWORK_FD is the machine's.
"""

from __future__ import annotations

import asyncio
import socket
import sys

from aicc.local.node.relay import Accepted, enter_network

LOOPBACK = "127.0.0.1"


async def serve(listener: socket.socket, api_port: int) -> None:
    """Relay every connection to `api_port` of the network that this process is in."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def accepted() -> Accepted:
        return Accepted(lambda far: loop.create_connection(lambda: far, LOOPBACK, api_port), tasks)

    server = await loop.create_server(accepted, sock=listener)
    await server.serve_forever()


def main(network: int, address: str, port: int, api_port: int) -> None:
    """Listen in the sandbox, then go to the machine's network for good."""
    listener = socket.create_server((address, port), backlog=512)
    enter_network(network)
    asyncio.run(serve(listener, api_port))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
