"""Runs a command in a pseudo terminal: `in-terminal.py COLUMNS ROWS WAIT-FOR COMMAND...`

Presses Ctrl-C once WAIT-FOR has been written, then prints everything that the command wrote and ends as it did. In
Python because Node cannot open a pseudo terminal by itself.
"""

import fcntl
import os
import pty
import struct
import sys
import termios

columns, rows, wait_for, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))
output = b""
pressed = False
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:  # the command has ended
        break
    if not chunk:
        break
    output += chunk
    if not pressed and wait_for.encode() in output:
        os.write(terminal, b"\x03")
        pressed = True
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(output)
sys.exit(os.waitstatus_to_exitcode(status))
