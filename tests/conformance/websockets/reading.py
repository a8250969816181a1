# SPDX-License-Identifier: Apache-2.0
"""What websocket_read says of a recorded connection."""
import subprocess
import tempfile


def fields(head):
    lines = head.decode('latin-1').split('\r\n')[1:]
    return {name.lower(): value.strip() for name, value in (line.split(':', 1) for line in lines)}


def read(reader, who, heads, body):
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        run = subprocess.run(
            [reader, who, heads['client']['sec-websocket-key'], heads['server']['sec-websocket-accept'],
             heads['server'].get('sec-websocket-extensions', ''), file.name],
            capture_output=True, text=True, timeout=60, check=True)
    return run.stdout.splitlines()
