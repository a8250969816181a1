# SPDX-License-Identifier: Apache-2.0
"""qtap.Rule: reasons, steps, macros, functions and fields."""
import ipaddress
import pathlib
import re
import threading

import pytest
import qtap
from qtap import _abi


def test_an_evaluation_tells_why():
    rule = qtap.Rule("http.res.status >= 500 and src.ip in 10.0.0.0/8")
    assert rule.fields == ["http.res.status", "src.ip"]
    result = rule.eval({"http.res.status": 503, "src": {"ip": ipaddress.ip_address("10.1.2.3")}})
    assert result and result.outcome == "true" and result.value is True
    result = rule.eval({"http.res.status": 200})
    assert not result and result.outcome == "false" and result.rest == "http.res.status >= 500"
    result = rule.eval({"http.res.status": 503})
    assert (result.outcome, result.missing, result.rest) == ("unknown", ("src.ip",), "src.ip == 10.0.0.0/8")
    assert result.issues == (qtap.RuleIssue("missing field", 1, 28, "", "src.ip", "a field is missing"),)
    assert qtap.Rule(result.rest).eval({"src.ip": ipaddress.ip_address("10.0.0.1")})


def test_values_come_back_as_they_are():
    values = {"f": {"a": [1, "x", None], "b": ipaddress.ip_network("10.0.0.0/8")}, "g.h": 2.5}
    assert qtap.Rule("f").eval(values).value == values["f"]
    assert qtap.Rule("f.a").eval(values).value == [1, "x", None]
    assert qtap.Rule("g.h").eval(values).value == 2.5
    assert qtap.Rule("f.b == 10.9.9.9").eval(values)
    assert qtap.Rule("g.i").eval(values).missing == ("g.i",)
    assert qtap.Rule("0 and x").eval({}).value == 0


def test_every_type_goes_in_and_comes_back():
    mac = qtap.Mac(b"\xab\xcd\xef\x01\x02\x03")
    for text, value in (
            ("not f", None), ("f == true", True), ("f == -5", -5), ("f == 18446744073709551615", 2**64 - 1),
            ("f == 1.25", 1.25), ("f == 'GET' and f == 47:45:54", "GET"), ("f and not f == 'GET'", b"GET"),
            ("f in 10.0.0.0/8", ipaddress.ip_address("10.1.2.3")), ("f == ::1", ipaddress.ip_address("::1")),
            ("10.1.2.3 in f", ipaddress.ip_network("10.0.0.0/8")), ("f == 'AB:CD:EF:01:02:03'", mac),
            ("'GET' == f and 'a GET' contains f", qtap.Hex(b"GET")), ("'ab:cd:ef:01:02:03' == f", qtap.Hex(mac)),
            ("f contains 'b'", ["a", "b"]), ("f contains 2", [1, 2, None]), ("starts_with(f, 'map[a:')", {"a": mac})):
        assert qtap.Rule(text).eval({"f": value}), text
        back = qtap.Rule("f").eval({"f": value}).value
        assert (type(back), back) == (type(value), value)
    for text, value in (
            ("true", True), ("-5", -5), ("18446744073709551615", 2**64 - 1), ("2.5", 2.5), ("'GET'", "GET"),
            ("10.1.2.3", ipaddress.ip_address("10.1.2.3")), ("10.0.0.0/8", ipaddress.ip_network("10.0.0.0/8")),
            ("'ab:cd:ef:01:02:03'", mac), ("47:45:54", qtap.Hex(b"GET")), ("/^G/", qtap.Regex("^G"))):
        back = qtap.Rule(text).eval({}).value
        assert (type(back), back) == (type(value), value)
    assert [type(item) for item in qtap.Rule("[47:45, /x/, 'x']").eval({}).value] == [qtap.Hex, qtap.Regex, str]
    with pytest.raises(TypeError, match="cannot see a Regex"):
        qtap.Rule("f").eval({"f": qtap.Regex("x")})
    library = qtap.RuleLibrary(fields={"f": "hex"}, functions={"twice": lambda value: qtap.Hex(value + value)})
    assert qtap.Rule("'abab' == twice(f)", library).eval({"f": qtap.Hex(b"ab")})


def test_errors_show_the_place():
    with pytest.raises(qtap.RuleError) as error:
        qtap.Rule("host contain 'x'")
    assert (error.value.line, error.value.column) == (1, 6)
    assert error.value.excerpt == "  host contain 'x'\n       ^\n"
    assert 'did you mean "contains"?' in str(error.value)


def test_warnings():
    [warning] = qtap.Rule("a or b and c").warnings
    assert warning.text.endswith('understood as: (a or b) and c') and warning.column == 3
    assert str(qtap.Rule("a or b and c")) == "(a or b) and c"


def test_macros_functions_and_fields():
    library = qtap.RuleLibrary(
        macros={"shop": "pod.namespace == 'shop' and loud(req.method) == 'GET!'"},
        functions={"loud": lambda text: text + "!", "fails": lambda: 1 // 0},
        fields={"pod.namespace": "text", "pod.labels.": "text"}, transaction_fields=True)
    rule = qtap.Rule("shop() and res.status == 200", library)
    assert rule.fields == ["res.status", "pod.namespace", "req.method"]
    values = {"pod": {"namespace": "shop"}, "req.method": "GET", "res.status": 200}
    del library  # the rule keeps it
    assert rule.eval(values) and rule.matches(values)
    threads = [threading.Thread(target=lambda: seen.append(rule.matches(values))) for _ in range(4)]
    seen = []
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 4
    with pytest.raises(ZeroDivisionError):
        qtap.Rule("fails()", rule._library).eval({})
    [warning] = qtap.Rule("res.status == '500' and pod.labels.app", rule._library).warnings
    assert "never true" in warning.text
    with pytest.raises(qtap.RuleError, match='did you mean "loud"'):
        qtap.Rule("laud(a)", rule._library)
    with pytest.raises(qtap.RuleError, match='did you mean "res.status"'):
        qtap.Rule("res.stats", qtap.RuleLibrary(transaction_fields=True, strict=True))
    with pytest.raises(qtap.RuleError, match='macro "m": line 1, column 3'):
        qtap.RuleLibrary(macros={"m": "a b"})


def test_a_set_of_rules():
    rules = qtap.RuleSet(qtap.Rule(text) for text in ("host == 'a'", "missing", "host == 'b'", "starts_with(host, 'b')"))
    assert len(rules) == 4
    assert rules.first({"host": "b"}) == 2 and rules.first({"host": "c"}) is None
    assert rules.all({"host": "b"}) == [(1, "unknown"), (2, "true"), (3, "true")]
    assert qtap.RuleSet([]).first({}) is None
    with pytest.raises(TypeError):
        rules.first({"host": object()})


def test_what_the_page_on_rules_says():
    page = (pathlib.Path(__file__).parents[3] / "docs/rules.md").read_text()
    rows = re.findall(r"^\| `(.+)` \| (true|false|unknown) \|$", page, re.M)
    assert len(rows) > 20
    values = {"req.method": "GET", "req.path": "/v1/items?id=7", "req.host": "api.example.com", "res.status": 404,
              "src.ip": ipaddress.ip_address("10.0.0.5"), "tags": ["env:prod"], "tls.version": 1.3}
    for text, wanted in rows:
        assert (text, qtap.Rule(text).eval(values).outcome) == (text, wanted)


def test_what_a_callback_raises_leaves_no_result_behind(monkeypatch):
    class Values(dict):
        def __getitem__(self, name):
            raise ZeroDivisionError

    freed, free = [], _abi.lib.qtap_rule_result_free
    monkeypatch.setattr(_abi.lib, "qtap_rule_result_free", lambda handle: (freed.append(bool(handle)), free(handle)))
    with pytest.raises(ZeroDivisionError):
        qtap.Rule("a == 1").eval(Values())
    assert freed == [True]
