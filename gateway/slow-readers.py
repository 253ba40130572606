"""Readers that ask for a stream and never read: `slow-readers.py HOST PORT COUNT PATH...`

In Python because Node cannot make a socket's buffers small, and with large ones the kernel takes megabytes
before the gateway notices anything. Prints "asked" when all requests are sent; ends with its standard input.
"""

import socket
import sys

host, port, count, *paths = sys.argv[1:]
readers = []
for number in range(int(count)):
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    reader.connect((host, int(port)))
    path = paths[number % len(paths)]
    reader.sendall(f"GET {path} HTTP/1.1\r\nhost: gateway\r\n\r\n".encode())
    readers.append(reader)
print("asked", flush=True)
sys.stdin.read()
