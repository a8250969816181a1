# SPDX-License-Identifier: Apache-2.0
"""The answer to a question about the rule language, from its description alone (sections 5, 7, 9, 11, 12 and 13)."""
import rulemodel_parser as parser
import rulemodel_values as values
from rulemodel_values import truthy

# What libqtap mends or adds: section 0 of the description. S33's limits are not modelled.
OURS = frozenset({"S2", "S3", "S4", "S9", "S13", "S15", "S21", "S22", "S37"})
NULL = "null", None


class Result:
    def __init__(self, value, left, errors=()):
        self.value, self.left, self.errors = value, left, list(errors)


def missing(*fields):
    return {"type": "missing_fields", "fields": sorted(set(fields))}


class Model:
    def __init__(self, fixed, search, is_regex):
        self.fixed, self.search, self.is_regex = fixed, search, is_regex

    def answer(self, question):
        rule = question["rule"].encode()
        if question.get("op") == "tokens":
            found = parser.words.tokens(rule, self.fixed)
            return {"tokens": [[kind, raw.decode()] for kind, raw, _, _ in found if kind != "$end"]}
        self.functions = question.get("functions") or {}
        self.macros = {name: parser.Parser(macro.encode(), self.fixed, self.is_regex).whole()
                       for name, macro in (question.get("macros") or {}).items()}
        try:
            tree = parser.Parser(rule, self.fixed, self.is_regex).whole()
        except parser.Wrong as wrong:
            line, column = parser.position(rule, wrong.offset)
            return {"expect": "parse_error", "parse": {"line": line, "column": column, "message": wrong.message}}
        tree = "root", tree
        answer = {"rule_string": self.render(tree)}
        steps = []
        for step in (question, *question.get("then", ())):
            self.fields = {name: values.from_json(value) for name, value in (step.get("kv") or {}).items()}
            result = self.evaluate(tree)
            steps.append(self.told(result))
            tree = result.left
        answer.update(steps[0])
        if steps[1:]:
            answer["then"] = steps[1:]
        return answer

    def told(self, result):
        told = {"value": values.to_json(result.value), "evaluated_rule": self.render(result.left)}
        if not result.errors:
            return {"expect": "pass" if truthy(result.value) else "fail", **told}
        fields = [error["fields"] for error in result.errors if error["type"] == "missing_fields"]
        only_missing = len(fields) == len(result.errors)
        fields = sorted(field for some in fields for field in some)
        errors = result.errors
        if "S22" in self.fixed:
            fields = sorted(set(fields))
            errors = [error for error in errors if error["type"] != "missing_fields"]
            errors += [missing(*fields)] if fields else []
        return {"expect": "missing" if only_missing else "eval_error", **told, "missing_fields": fields, "errors": errors}

    def evaluate(self, node):
        kind = node[0]
        if kind == "root":
            result = self.evaluate(node[1])
            return Result(result.value, ("root", result.left), result.errors)
        if kind == "literal":
            return Result(node[2:], node)
        if kind == "field":
            value = self.look_up(self.fields, node[1])
            return Result(value or NULL, node, [] if value else [missing(node[1])])
        if kind == "array":
            return self.all_of(node, node[1], lambda items: ("array", items))
        if kind == "call":
            return self.call(node)
        if kind == "not":
            inner = self.evaluate(node[1])
            if inner.errors:
                return Result(NULL, node, inner.errors)
            return Result(("bool", truthy(inner.value) != ("S2" in self.fixed)), node)
        if kind in ("and", "or"):
            return self.joined(kind, node)
        left = self.evaluate(node[1])
        if left.errors:
            return Result(NULL, node, left.errors)
        right = self.evaluate(node[3] if kind == "compare" else node[2])
        if right.errors:
            return Result(NULL, node, right.errors)
        if kind == "match":
            found = values.matches(left.value, right.value[1], self.search)
        elif kind == "in":
            found = values.is_in(left.value, right.value, self.search, self.fixed)
        else:
            found = values.compare(left.value, node[2], right.value, self.search)
        return Result(("bool", found), node)

    def look_up(self, fields, name):
        if name in fields:
            return fields[name]
        head, dot, rest = name.partition(".")
        within = fields.get(head)
        return self.look_up(within[1], rest) if dot and within and within[0] == "map" else None

    def all_of(self, node, parts, make):
        """The values of the parts, or the first that has none; S21: that one is then all that is left."""
        items = []
        for part in parts:
            result = self.evaluate(part)
            if result.errors:
                return Result(result.value, node if "S21" in self.fixed else result.left, result.errors)
            items.append(result.value)
        return Result(make(items), node)

    def joined(self, kind, node):
        deciding = kind == "or"
        left = self.evaluate(node[1])
        if not left.errors and truthy(left.value) == deciding:
            return left
        right = self.evaluate(node[2])
        if not right.errors and truthy(right.value) == deciding:
            return right
        if left.errors and not right.errors:
            return left
        if right.errors and not left.errors:
            return right
        both = kind, left.left, right.left
        if not left.errors:
            return Result(("bool", not deciding), both)
        return Result(NULL, both, self.merged(left.errors, right.errors))

    def merged(self, *sides):
        """Section 7.4."""
        def only_missing(errors):
            return len(errors) == 1 and errors[0]["type"] == "missing_fields"
        others = [error for errors in sides if not only_missing(errors) for error in errors]
        fields = [field for errors in sides if only_missing(errors) for field in errors[0]["fields"]]
        return others + ([missing(*fields)] if fields else [])

    def call(self, node):
        _, name, args = node
        if name == "starts_with":
            return self.run(node, args, self.starts_with)
        if name in self.functions:
            wanted = len(self.functions[name]["args"])
            if wanted != len(args):
                return self.failed(node, "other", f'function "{name}" expects {wanted} arguments, got {len(args)}')
            return self.run(node, args, lambda items: self.host_function(self.functions[name], items))
        if name in self.macros:
            if args:
                return self.failed(node, "other", f'macro "{name}" expects 0 arguments, got {len(args)}')
            result = self.evaluate(("root", self.macros[name]))
            # S37: a root inside a tree prints without its parentheses.
            return Result(result.value, result.left[1] if "S37" in self.fixed else result.left, result.errors)
        return self.failed(node, "other", f'unknown function "{name}"')

    def failed(self, node, kind, message):
        return Result(NULL, node, [{"type": kind, "msg": message}])

    def run(self, node, args, function):
        given = self.all_of(node, args, lambda items: items)
        if given.errors:
            return given
        result = function(given.value)
        return self.failed(node, *result) if isinstance(result[1], str) else Result(result, node)

    def starts_with(self, items):
        for name, item in zip(("value", "prefix"), items, strict=True):
            if item[0] == "null":  # S34
                return "invalid_function_arg", f"arg {name}: expected <nil>, got <nil>"
        return "bool", values.shown(items[0]).startswith(values.shown(items[1]))

    def host_function(self, function, items):
        how, _, what = function["impl"].partition(":")
        if how == "error":
            return "other", what
        if how == "concat":
            kind = items[0][0]
            if kind != "string":
                got = values.GO_NAMES.get(kind, kind)
                return "invalid_function_arg", f"arg {function['args'][0]}: expected string, got {got}"
            return "string", what.encode() + items[0][1]
        return items[0]

    def render(self, node):
        kind = node[0]
        if kind == "root":
            inner = self.render(node[1])
            return inner[1:].removesuffix(")") if inner.startswith("(") else inner
        if kind in ("and", "or"):
            return f"({self.render(node[1])} {kind} {self.render(node[2])})"
        if kind == "not":
            return self.render_not(node[1])
        if kind in ("compare", "match", "in"):
            return self.render_predicate(node, "")
        if kind == "array":
            return f"[{', '.join(map(self.render, node[1]))}]"
        if kind == "call":
            return f"{node[1]}({', '.join(map(self.render, node[2]))})"
        return node[1]

    def render_predicate(self, node, negation):
        kind, left, *op, right = node
        op = {"match": "=~", "in": "in"}.get(kind) or op[0]
        return f"{self.render(left)} {negation}{op} {self.render(right)}"

    def render_not(self, inner):
        if inner[0] == "field":
            return "!" + inner[1]
        if inner[0] == "compare" and inner[2] == "==":
            return f"{self.render(inner[1])} != {self.render(inner[3])}"
        if inner[0] in ("match", "in") or inner[0] == "compare" and inner[2] == "contains":
            return self.render_predicate(inner, "not ")
        return f"not ({self.render(inner)})"
