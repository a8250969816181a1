#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the HTTP transactions of this machine live, also those inside TLS.

    sudo PYTHONPATH=bindings/python python3 examples/watch.py [--all] [--count N]

Then, in another terminal: curl https://example.com
"""
