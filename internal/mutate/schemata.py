"""Writes a copy of a Python codec in which every mutant slumbers; lists the mutants as JSON lines.

usage: schemata.py SOURCE COPY

The variable RINGWIRE_MUTANT of the environment wakes one of them when the copy is imported.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

SWITCHES = """
import os as _os
_CHOSEN = int(_os.environ.get("RINGWIRE_MUTANT", "0"))
def _mutant(n): return n == _CHOSEN
def _same(a, b): return isinstance(a, int) and isinstance(b, int) and a == b
def _next(a, b): return isinstance(a, int) and isinstance(b, int) and a + 1 == b
def _plus(n, v): return v + 1 if _mutant(n) else v
def _narrow(n, v): return v & 0xFFFFFFFF if _mutant(n) else v
def _other(n, v, a, b): return (b if v == a else a) if _mutant(n) else v
"""

REMOVED = "check removed"
FORCED = "check always refuses or always takes the branch"
BORDER = "border moved by one"
OFF_BY_ONE = "sum off by one"
NARROW = "sum in 32 bits"
CODE = "another code"
OFFSET = "offset off by one"
FIELD = "another field"


class Schemata(ast.NodeTransformer):
    def __init__(self) -> None:
        self.mutants: list[dict[str, object]] = []
        self.path: list[str] = []

    def add(self, kind: str, node: ast.AST) -> int:
        number = len(self.mutants) + 1
        function = ".".join(self.path)
        text = " ".join(ast.unparse(node).split())
        self.mutants.append({"number": number, "kind": kind, "function": function, "text": text})
        return number

    # ------------------------------------------------------------ where we are

    def scope(self, node: ast.FunctionDef | ast.ClassDef) -> ast.AST:
        self.path.append(node.name)
        node.body = [self.visit(statement) for statement in node.body]
        self.path.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self.scope(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self.scope(node)

    # ------------------------------------------------------------ conditions

    def branch(self, node: ast.If | ast.IfExp | ast.While) -> ast.AST:
        test, node.test = self.condition(node.test), ast.Constant(True)
        self.generic_visit(node)
        node.test = test
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        return self.branch(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        return self.branch(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        return self.branch(node)

    def condition(self, node: ast.expr) -> ast.expr:
        """The condition, and each of its parts, with a switch for False and one for True."""
        never, always = self.add(REMOVED, node), self.add(FORCED, node)
        inner: ast.expr = node
        if isinstance(node, ast.BoolOp):
            parts = [self.condition(value) for value in node.values]
            inner = ast.BoolOp(node.op, parts)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = ast.UnaryOp(node.op, self.borders(node.operand))
        else:
            inner = self.borders(node)
        code = ast.unparse(inner)
        return expression(f"_mutant({always}) or (not _mutant({never}) and ({code}))")

    def borders(self, node: ast.expr) -> ast.expr:
        if not isinstance(node, ast.Compare):
            return node
        inner = self.generic_visit(expression(ast.unparse(node)))
        code = f"({ast.unparse(inner)})"
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            for case in cases(operator, ast.unparse(left), ast.unparse(right)):
                code = f"({code} != (_mutant({self.add(BORDER, node)}) and {case}))"
            left = right
        return expression(code)

    # ------------------------------------------------------------ everything else

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """A check whose refusal is an exception stands as a statement of its own."""
        call = node.value
        checks = ("_check", "_name", "_text")
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith(checks):
            number = self.add(REMOVED, call)
            self.generic_visit(node)
            return ast.Expr(expression(f"_mutant({number}) or ({ast.unparse(call)})"))
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        call = node.exc
        if not isinstance(call, ast.Call) or ast.unparse(call.func) != "WireError":
            return node
        code, offset, field = call.args
        other = f"_other({self.add(CODE, code)}, {ast.unparse(code)}, TRAILING, BAD_TYPE)"
        later = f"_plus({self.add(OFFSET, offset)}, {ast.unparse(offset)})"
        elsewhere = f'_other({self.add(FIELD, field)}, {ast.unparse(field)}, "trailing", "type")'
        call.args = [expression(other), expression(later), expression(elsewhere)]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if not isinstance(node.op, (ast.Add, ast.Sub)):
            return node
        off, few = self.add(OFF_BY_ONE, node), self.add(NARROW, node)
        return expression(f"_narrow({few}, _plus({off}, {ast.unparse(node)}))")


def cases(operator: ast.cmpop, left: str, right: str) -> list[str]:
    """The two cases next to the border, in each of which the comparison is to answer wrongly."""
    same = f"_same({left}, {right})"
    below, above = f"_next({left}, {right})", f"_next({right}, {left})"
    match operator:
        case ast.Lt() | ast.GtE():
            return [same, below]
        case ast.Gt() | ast.LtE():
            return [same, above]
        case ast.Eq() | ast.NotEq():
            return [above] if right == "0" else [below, above]  # nothing here is below 0
    return []


def expression(code: str) -> ast.expr:
    return ast.parse(code, mode="eval").body


def after_imports(tree: ast.Module) -> int:
    """Where the switches may stand: behind the docstring and the imports."""
    heading = (ast.Import, ast.ImportFrom, ast.Expr)
    return next(i for i, statement in enumerate(tree.body) if not isinstance(statement, heading))


def main() -> None:
    source, copy = map(Path, sys.argv[1:])
    tree = ast.parse(source.read_text())
    schemata = Schemata()
    at = after_imports(tree)
    for i, statement in enumerate(tree.body):
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            tree.body[i] = schemata.visit(statement)
    tree.body[at:at] = ast.parse(SWITCHES).body
    copy.write_text(ast.unparse(ast.fix_missing_locations(tree)) + "\n")
    for mutant in schemata.mutants:
        print(json.dumps(mutant))


if __name__ == "__main__":
    main()
