# SPDX-License-Identifier: Apache-2.0
"""qtap-mini rules: a file of rules is checked, one rule is evaluated, and both say why."""
import subprocess

from harness import ENVIRONMENT, QTAP_MINI

FILE = """-- what the shop sends wrong
is_4xx(): res.status >= 400 and
  res.status < 500

-- a comment alone

req.host == "api.example.com" and is_4xx()

res.status == "500" or exe matches /curl$/ and tls.enabled
"""


def rules(*args, stdin=None):
    return subprocess.run([QTAP_MINI, "rules", *args], input=stdin, capture_output=True, text=True, timeout=30,
                          env=ENVIRONMENT)


def test_a_right_file_and_its_warnings():
    result = rules("check", "-", stdin=FILE)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "-: 2 rules, 1 macros, 0 errors, 2 warnings\n"
    lines = result.stderr.splitlines()
    assert lines[0] == '-:9:1: warning: never true: "res.status" is a number, "500" is text'
    assert lines[1:3] == ['  res.status == "500" or exe matches /curl$/ and tls.enabled', "  ^"]
    assert lines[3].startswith('-:9:21: warning: "or" binds tighter than "and"; understood as: (res.status == "500" or')


def test_every_mistake_has_its_place(tmp_path):
    file = tmp_path / "shop.rules"
    file.write_text(FILE.replace("res.status < 500", "res.stauts < 500") + "\nreq.host contain 'x'\n\nis_5xx()\n")
    result = rules("check", file)
    assert result.returncode == 2
    assert result.stderr.splitlines()[:3] == [
        f'{file}:3:3: error: unknown field "res.stauts"; did you mean "res.status"?', "    res.stauts < 500", "    ^"]
    assert f'{file}:11:10: error: expected an operator, "and" or "or" after "req.host", found "contain"; ' \
        'did you mean "contains"?\n  req.host contain \'x\'\n           ^\n' in result.stderr
    assert f'{file}:13:1: error: unknown function "is_5xx"; did you mean "is_4xx"?' in result.stderr
    assert result.stdout == f"{file}: 4 rules, 1 macros, 3 errors, 2 warnings\n"


def test_columns_of_a_macro_count_its_name():
    result = rules("check", "-", stdin="loud(): res.status ==\n")
    assert result.stderr.startswith("-:1:22: error: expected a value after \"==\"\n   res.status ==\n")


def test_macros_in_a_circle_and_files_that_are_not_there():
    result = rules("check", "-", stdin="a(): b()\n\nb(): a()\n")
    assert result.returncode == 2 and "it calls itself" in result.stderr
    result = rules("check", "/no/such/file")
    assert result.returncode == 2 and "/no/such/file: No such file or directory" in result.stderr


def test_an_evaluation_in_every_outcome():
    rule = "res.status >= 500 and src.ip in 10.0.0.0/8"
    cases = [
        (["--field", "http.res.status=503", "--field", "src.ip=10.1.2.3"], 0,
         "true\ndecided by  res.status >= 500 and src.ip == 10.0.0.0/8\n"),
        (["--field", "res.status=200"], 1, "false\ndecided by  res.status >= 500\n"),
        (["--field", "response.status=503"], 3, "unknown\nmissing     src.ip\nleft        src.ip == 10.0.0.0/8\n"),
    ]
    for fields, code, answer in cases:
        result = rules("eval", rule, *fields)
        assert (result.returncode, result.stdout) == (code, answer), result.stderr


def test_values_have_the_type_of_their_field():
    assert rules("eval", 'tls.alpn contains "h2"', "--field", "tls.alpn=http/1.1,h2").returncode == 0
    assert rules("eval", 'req.path == "5"', "--field", "req.path=5").returncode == 0
    assert rules("eval", "weight > 2 and name == 'x' and up and at in 10.0.0.0/8", "--any-field", "--field", "weight=2.5",
                 "--field", "name=x", "--field", "up=true", "--field", "at=10.0.0.1").returncode == 0
    assert rules("eval", "0 and x", "--any-field").stdout == "false\ndecided by  0\nvalue       0\n"
    result = rules("eval", "res.status == 5", "--field", "res.status=abc")
    assert result.returncode == 2 and "--field http.res.status=abc: the field holds int, not that" in result.stderr


def test_macros_of_the_command_line_and_mistakes():
    assert rules("eval", "bad()", "--macro", "bad=res.status >= 500", "--field", "res.status=501").returncode == 0
    result = rules("eval", "res.status =")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-2:] == ["  res.status =", "             ^"]
    for wrong in ([], ["eval"], ["frob", "x"], ["eval", "x", "--field", "x"], ["check", "-", "--macro", "a=b"],
                  ["eval", "x", "--frob"], ["eval", "true", "--field"]):
        result = rules(*wrong)
        assert result.returncode == 2 and "--help" in result.stderr, wrong
    assert "Usage: qtap-mini rules check" in rules("--help").stdout
