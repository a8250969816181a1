# SPDX-License-Identifier: Apache-2.0
"""The names that rules may use: macros, Python functions, fields."""
import ctypes
import inspect
import threading

from . import _abi
from ._values import QtapError, from_python, to_python

_T = _abi.VALUE_TYPE
_FLAGS = _abi.OTHER
_TYPES = {"any": 0, "bool": _T["QTAP_VALUE_BOOL"], "int": _T["QTAP_VALUE_INT64"], "number": _T["QTAP_VALUE_DOUBLE"],
          "text": _T["QTAP_VALUE_STRING"], "bytes": _T["QTAP_VALUE_BYTES"], "ip": _T["QTAP_VALUE_IP"],
          "cidr": _T["QTAP_VALUE_CIDR"], "mac": _T["QTAP_VALUE_MAC"], "hex": _T["QTAP_VALUE_HEX"],
          "text list": _T["QTAP_VALUE_STRING_LIST"]}

_running = threading.local()  # .lookups: of the evaluations of this thread, the inner one last


class RuleError(QtapError):
    """A rule does not compile: .line and .column (from 1) say where, .excerpt shows it with a caret. 0: a library."""

    def __init__(self, status, error, excerpt):
        super().__init__(status, error.text.decode("utf-8", "replace"))
        self.line, self.column, self.excerpt = error.line, error.column, excerpt

    def __str__(self):
        return super().__str__() + ("\n" + self.excerpt.rstrip("\n") if self.excerpt else "")


def raise_error(status, error, raw):
    """Raises the RuleError of a compilation."""
    buffer = ctypes.create_string_buffer(1024)
    _abi.lib.qtap_rule_excerpt(raw, len(raw), error.line, error.column, buffer, len(buffer))
    raise RuleError(status, error, buffer.value.decode("utf-8", "replace"))


def run(lookup, evaluate):
    """Runs an evaluation, and raises what its callbacks could not."""
    lookups = _running.__dict__.setdefault("lookups", [])
    lookups.append(lookup)
    try:
        status = evaluate()
    finally:
        lookups.pop()
    if lookup.failure:
        raise lookup.failure[0]
    return status


def _str(raw):
    """A qtap_str that borrows from `raw`."""
    return _abi.Str(ctypes.cast(ctypes.c_char_p(raw), ctypes.c_void_p), len(raw))


def _wrap(function, count):
    def call(_user, _call, args, ret):
        lookup = _running.lookups[-1]
        try:
            result = function(*(to_python(args[index]) for index in range(count)))
            from_python(result, ret.contents, lookup.keep)
        except BaseException as error:  # raised again by run()
            lookup.failure.append(error)
            return _abi.STATUS["QTAP_ERR_CALLBACK"]
        return 0
    return _abi.RULE_FUNCTION(call)


class RuleLibrary:
    """What rules may name beside fields of any name.

        shop = qtap.RuleLibrary(macros={"is_4xx": "res.status >= 400 and res.status < 500"},
                                functions={"reverse": lambda text: text[::-1]},
                                transaction_fields=True)
        qtap.Rule("is_4xx() and reverse(req.method) == 'TEG'", shop)

    macros              name → rule
    functions           name → callable with positional parameters; an exception of it leaves eval() and matches()
    fields              name → "text", "int", "number", "bool", "ip", "cidr", "mac", "hex", "bytes", "text list" or
                        "any"; a name that ends
                        in "." stands for all that begin with it. With fields, others are warned of.
    transaction_fields  also those of a transaction: qtap.fields()
    strict              unknown fields are errors
    """

    def __init__(self, macros=None, functions=None, fields=None, transaction_fields=False, strict=False):
        names, self._keep = _abi.RuleNames(size=ctypes.sizeof(_abi.RuleNames)), []
        names.flags = ((_FLAGS["QTAP_RULE_TRANSACTION_FIELDS"] if transaction_fields else 0)
                       | (_FLAGS["QTAP_RULE_UNKNOWN_FIELDS_FAIL"] if strict else 0))
        self._set(names, "macro", _abi.RuleMacro, [self._macro(*item) for item in (macros or {}).items()])
        self._set(names, "function", _abi.RuleFunction, [self._function(*item) for item in (functions or {}).items()])
        self._set(names, "field", _abi.RuleKnownField,
                  [_abi.RuleKnownField(self._kept(name.encode()), _TYPES[kind], 0)
                   for name, kind in (fields or {}).items()])
        handle, error = ctypes.c_void_p(), _abi.RuleError(size=ctypes.sizeof(_abi.RuleError))
        status = _abi.lib.qtap_rule_library_new(ctypes.byref(names), ctypes.byref(handle), ctypes.byref(error))
        if status < 0:
            raise RuleError(status, error, "")
        self._handle = handle

    def __del__(self):
        if getattr(self, "_handle", None):
            _abi.lib.qtap_rule_library_free(self._handle)
            self._handle = None

    def _kept(self, thing):
        self._keep.append(thing)
        return thing

    def _set(self, names, what, kind, rows):
        if rows:
            setattr(names, f"{what}s", self._kept((kind * len(rows))(*rows)))
            setattr(names, f"{what}_count", len(rows))

    def _macro(self, name, text):
        return _abi.RuleMacro(_str(self._kept(name.encode())), _str(self._kept(text.encode())))

    def _function(self, name, function):
        parameters = list(inspect.signature(function).parameters)
        params = self._kept((_abi.RuleParam * max(len(parameters), 1))(
            *(_abi.RuleParam(self._kept(parameter.encode()), 0, 0) for parameter in parameters)))
        return _abi.RuleFunction(self._kept(name.encode()), params, len(parameters),
                                 self._kept(_wrap(function, len(parameters))), None)
