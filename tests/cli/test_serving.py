"""How answers leave: at once, in however many parts."""

from __future__ import annotations

import asyncio
import socket

from cli.serving import bind


async def test_an_answer_in_two_parts_does_not_wait_for_an_acknowledgement() -> None:
    at_once: list[int] = []

    def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        at_once.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = bind("127.0.0.1", 0)
    async with await asyncio.start_server(accepted, sock=listener):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        await reader.read()  # until it is closed from there
        writer.close()
    assert len(at_once) == 1
    assert at_once[0]
