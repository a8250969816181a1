# SPDX-License-Identifier: Apache-2.0
"""Ten threads come and go, an exec fails, a child is forked without exec; then exit with status 7."""
import os
import subprocess
import threading

for _ in range(10):
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
try:
    os.execv("/nonexistent/program", ["program"])
except OSError:
    pass
child = os.fork()
if child == 0:
    os._exit(3)
os.waitpid(child, 0)
subprocess.run(["/bin/true"], check=True)
os._exit(7)
