# SPDX-License-Identifier: Apache-2.0
"""What the loaded library has: its version, options and fields."""
from . import _abi


def version():
    return _abi.lib.qtap_version().decode()


def _rows(row_at):
    index = 0
    while row := row_at(index):
        yield {name: value.decode() for name, _ in row.contents._fields_[1:]
               for value in [getattr(row.contents, name)]}
        index += 1


def options():
    """Every option: [{"key", "type", "default_text", "help", "since"}]."""
    return list(_rows(_abi.lib.qtap_option_at))


def fields():
    """Every field: [{"name", "type", "help", "since"}]."""
    return list(_rows(_abi.lib.qtap_field_at))
