"""Metrics of Python source files, from their syntax trees: the work of `ringwire demo`.

The same functions run in the worker pool and, through `main`, in one plain Python process.
"""

from __future__ import annotations

import ast
import json
import os
import platform
import sys
import sysconfig
import time
import warnings
from typing import Any

# Old sources contain invalid escapes and the like; the demo is not their linter.
warnings.simplefilter("ignore")

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BRANCHES = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.match_case,
    ast.comprehension,
)

NOT_LIBRARY = {"site-packages", "dist-packages", "__pycache__"}


def sources(tests: bool = False) -> dict[str, Any]:
    """List the source files of the standard library of this interpreter.

    CPython's own tests are listed on request only: distributions often leave them out.
    """
    root = sysconfig.get_path("stdlib")
    files = []
    for folder, folders, names in os.walk(root):
        skipped = NOT_LIBRARY if tests or folder != root else NOT_LIBRARY | {"test"}
        folders[:] = sorted(set(folders) - skipped)
        files += [
            os.path.relpath(os.path.join(folder, n), root)
            for n in sorted(names)
            if n.endswith(".py")
        ]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {"python": python, "root": root, "files": files}


class Function:
    """A function with the branches of its own body, those of inner functions left out."""

    __slots__ = ("branches", "line", "name")

    def __init__(self, name: str, line: int) -> None:
        self.name = name
        self.line = line
        self.branches = 0

    def report(self) -> dict[str, Any]:
        # Cyclomatic complexity: the paths through the function, one more than its branches.
        return {"name": self.name, "line": self.line, "complexity": self.branches + 1}


def analyse(path: str) -> dict[str, Any]:
    """Count what one source file holds. Raises SyntaxError if Python cannot parse it."""
    with open(path, "rb") as file:
        source = file.read()
    functions: list[Function] = []
    classes = branches = 0
    # A stack rather than recursion: generated code nests deeper than Python recurses.
    stack: list[tuple[ast.AST, Function | None, str]] = [(ast.parse(source, path), None, "")]
    while stack:
        node, function, prefix = stack.pop()
        here = 0
        if isinstance(node, FUNCTIONS):
            function = Function(prefix + node.name, node.lineno)
            functions.append(function)
            prefix = f"{prefix}{node.name}."
        elif isinstance(node, ast.ClassDef):
            classes += 1
            prefix = f"{prefix}{node.name}."
        elif isinstance(node, BRANCHES):
            here = 1
        elif isinstance(node, ast.BoolOp):
            here = len(node.values) - 1
        branches += here
        if function is not None:
            function.branches += here
        for child in ast.iter_child_nodes(node):
            stack.append((child, function, prefix))
    # The first of the most complex ones in the file.
    worst = min(functions, key=lambda f: (-f.branches, f.line), default=None)
    return {
        "lines": source.count(b"\n") + (not source.endswith(b"\n") and bool(source)),
        "functions": len(functions),
        "classes": classes,
        "branches": branches,
        "most_complex": worst and worst.report(),
    }


def main() -> None:
    """Analyse files in this process: each line on standard input is a list of paths.

    Prints one JSON line for each file as it is done, and then one with the seconds it took.
    """
    for line in sys.stdin:
        began = time.perf_counter()
        for path in json.loads(line):
            try:
                result = analyse(path)
            except Exception as error:
                result = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(result), flush=True)
        print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)
