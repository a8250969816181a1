# SPDX-License-Identifier: Apache-2.0
"""Rules: compiled once, evaluated over any mapping."""
import collections
import ctypes
from collections.abc import Mapping

from . import _abi
from ._rule_library import raise_error, run
from ._values import check, from_python, text_of, to_python

_OUTCOMES = {_abi.OTHER[name]: word for name, word in
             (("QTAP_RULE_FALSE", "false"), ("QTAP_RULE_TRUE", "true"), ("QTAP_RULE_UNKNOWN", "unknown"),
              ("QTAP_RULE_FAILED", "failed"))}
_KINDS = {_abi.OTHER[name]: word for name, word in
          (("QTAP_RULE_MISSING_FIELD", "missing field"), ("QTAP_RULE_LOOKUP_FAILED", "lookup failed"),
           ("QTAP_RULE_FUNCTION_FAILED", "function failed"), ("QTAP_RULE_LIMIT", "limit"))}

RuleWarning = collections.namedtuple("RuleWarning", "line column text")
RuleIssue = collections.namedtuple("RuleIssue", "kind line column macro subject text")


class RuleResult(collections.namedtuple("RuleResult", "outcome value missing issues rest")):
    """What a rule came to. outcome: "true", "false", "unknown" (fields are missing) or "failed". rest: the rule that
    decided, or what is left to be decided. True in a condition when the rule is true."""

    def __bool__(self):
        return self.outcome == "true"


def _find(values, name):
    """The language's way with dotted names: a whole key beats nesting, and the cut is at the first dot."""
    try:
        return values[name]
    except KeyError:
        head, dot, rest = name.partition(".")
        if not dot or not isinstance(values, Mapping) or not isinstance(values.get(head), Mapping):
            raise
        return _find(values[head], rest)


class _Lookup:
    """A mapping, or a Transaction, as a lookup callback. Keeps what the values point to."""

    def __init__(self, values):
        self.values, self.keep, self.failure = values, [], []
        self.callback = _abi.LOOKUP(self)

    def __call__(self, _user, name, out):
        try:
            from_python(_find(self.values, text_of(name)), out.contents, self.keep)
        except KeyError:
            return _abi.STATUS["QTAP_ERR_NOTFOUND"]
        except BaseException as error:  # raised again by whoever called the library: C cannot carry it
            self.failure.append(error)
            return _abi.STATUS["QTAP_ERR_CALLBACK"]
        return 0


def _all(row_at):
    """What row_at(index) gives, up to the first None."""
    index = 0
    while (row := row_at(index)) is not None:
        yield row
        index += 1


class Rule:
    """qtap.Rule('http.res.status >= 500').matches({'http.res.status': 503}) → True"""

    def __init__(self, text, library=None):
        raw = text.encode()
        handle, error = ctypes.c_void_p(), _abi.RuleError(size=ctypes.sizeof(_abi.RuleError))
        self._library = library  # its functions are called as long as the rule lives
        status = _abi.lib.qtap_rule_compile_with(library._handle if library else None, raw, len(raw),
                                                 ctypes.byref(handle), ctypes.byref(error))
        if status < 0:
            raise_error(status, error, raw)
        self._handle = handle

    def __del__(self):
        if getattr(self, "_handle", None):
            _abi.lib.qtap_rule_free(self._handle)
            self._handle = None

    def __str__(self):
        return text_of(_abi.lib.qtap_rule_text(self._handle))

    @property
    def fields(self):
        """The names of the fields that an evaluation may ask for."""
        def row_at(index):
            name = _abi.Str()
            status = _abi.lib.qtap_rule_field_at(self._handle, index, ctypes.byref(name))
            return text_of(name) if status == 0 else None
        return list(_all(row_at))

    @property
    def warnings(self):
        """[RuleWarning(line, column, text)]"""
        def row_at(index):
            row = _abi.RuleError(size=ctypes.sizeof(_abi.RuleError))
            status = _abi.lib.qtap_rule_warning_at(self._handle, index, ctypes.byref(row))
            return RuleWarning(row.line, row.column, row.text.decode("utf-8", "replace")) if status == 0 else None
        return list(_all(row_at))

    def matches(self, values):
        """True or False; a field that `values` (a mapping, or a Transaction) does not have is no match."""
        match, lookup = ctypes.c_int(0), _Lookup(values)
        status = run(lookup, lambda: _abi.lib.qtap_rule_eval(self._handle, lookup.callback, None, ctypes.byref(match)))
        check(status, "evaluate rule")
        return bool(match.value)

    def eval(self, values):
        """Evaluates it and tells why: a RuleResult. Dotted names reach into nested mappings."""
        handle, lookup = ctypes.c_void_p(), _Lookup(values)
        try:  # what a callback raises leaves run() beside a result
            status = run(lookup, lambda: _abi.lib.qtap_rule_explain(self._handle, lookup.callback, None,
                                                                    ctypes.byref(handle)))
            check(status, "evaluate rule")
            return _read_result(handle)
        finally:
            _abi.lib.qtap_rule_result_free(handle)


def _read_result(handle):
    def missing_at(index):
        name = _abi.Str()
        return text_of(name) if _abi.lib.qtap_rule_result_missing_at(handle, index, ctypes.byref(name)) == 0 else None

    def issue_at(index):
        row = _abi.RuleIssue(size=ctypes.sizeof(_abi.RuleIssue))
        if _abi.lib.qtap_rule_result_issue_at(handle, index, ctypes.byref(row)) != 0:
            return None
        return RuleIssue(_KINDS[row.kind], row.line, row.column, *map(text_of, (row.macro, row.subject, row.text)))

    value = _abi.Value()
    _abi.lib.qtap_rule_result_value(handle, ctypes.byref(value))  # undecided: stays null
    return RuleResult(_OUTCOMES[_abi.lib.qtap_rule_result_outcome(handle)], to_python(value),
                      tuple(_all(missing_at)), tuple(_all(issue_at)),
                      text_of(_abi.lib.qtap_rule_result_rest(handle)))


RuleHit = collections.namedtuple("RuleHit", "rule outcome")


class RuleSet:
    """Many rules at once: fields are asked for once, and rules that need a field to be equal to something else cost
    next to nothing.

        rules = qtap.RuleSet([qtap.Rule("req.host == 'a'"), qtap.Rule("req.host == 'b'")])
        rules.first({"req.host": "b"}) → 1
    """

    def __init__(self, rules):
        self._rules = list(rules)
        handles = (ctypes.c_void_p * max(len(self._rules), 1))(*(rule._handle for rule in self._rules))
        handle = ctypes.c_void_p()
        check(_abi.lib.qtap_rule_set_new(handles, len(self._rules), ctypes.byref(handle)), "make rule set")
        self._handle = handle

    def __del__(self):
        if getattr(self, "_handle", None):
            _abi.lib.qtap_rule_set_free(self._handle)
            self._handle = None

    def __len__(self):
        return len(self._rules)

    def _hits(self, values, flags):
        count, lookup = ctypes.c_size_t(0), _Lookup(values)
        hits = (_abi.RuleHit * max(len(self._rules), 1))()
        status = run(lookup, lambda: _abi.lib.qtap_rule_set_eval(
            self._handle, flags, lookup.callback, None, hits, len(self._rules), ctypes.byref(count)))
        check(status, "evaluate rules")
        return [RuleHit(hit.rule, _OUTCOMES[hit.outcome]) for hit in hits[:count.value]]

    def first(self, values):
        """The place of the first rule that is true; None: there is none. Rules that are unknown do not count."""
        return next((hit.rule for hit in self._hits(values, 0) if hit.outcome == "true"), None)

    def all(self, values):
        """[RuleHit(rule, outcome)] of the rules that are not false: "true", "unknown" or "failed"."""
        return self._hits(values, _abi.OTHER["QTAP_RULE_SET_ALL"])
