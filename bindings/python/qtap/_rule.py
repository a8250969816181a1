# SPDX-License-Identifier: Apache-2.0
"""Rules: compiled once, evaluated over any mapping."""
import ctypes

from . import _abi
from ._values import QtapError, check, from_python


class RuleError(QtapError):
    """A rule does not compile: .line and .column (from 1) say where."""

    def __init__(self, status, error):
        super().__init__(status, error.text.decode("utf-8", "replace"))
        self.line, self.column = error.line, error.column


class Rule:
    """qtap.Rule('http.res.status >= 500').matches({'http.res.status': 503}) → True"""

    def __init__(self, text):
        raw = text.encode()
        handle, error = ctypes.c_void_p(), _abi.RuleError(size=ctypes.sizeof(_abi.RuleError))
        status = _abi.lib.qtap_rule_compile(raw, len(raw), ctypes.byref(handle), ctypes.byref(error))
        if status < 0:
            raise RuleError(status, error)
        self._handle = handle

    def __del__(self):
        if getattr(self, "_handle", None):
            _abi.lib.qtap_rule_free(self._handle)
            self._handle = None

    def matches(self, values):
        """True or False; a field that `values` (a mapping, or a Transaction) does not have is no match."""
        keep, failure = [], []

        def look_up(_user, name, out):
            try:
                value = values[ctypes.string_at(name.data, name.len).decode()]
                from_python(value, out.contents, keep)
            except KeyError:
                return _abi.STATUS["QTAP_ERR_NOTFOUND"]
            except BaseException as error:  # raised again below: C cannot carry it
                failure.append(error)
                return _abi.STATUS["QTAP_ERR_CALLBACK"]
            return 0

        match = ctypes.c_int(0)
        status = _abi.lib.qtap_rule_eval(self._handle, _abi.LOOKUP(look_up), None, ctypes.byref(match))
        if failure:
            raise failure[0]
        check(status, "evaluate rule")
        return bool(match.value)
