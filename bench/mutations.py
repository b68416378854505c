"""Pure: the small changes of a Python source that a test should notice."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OPERATORS: dict[type[ast.AST], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.And: "or",
    ast.Or: "and",
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "+",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.BitOr: "&",
    ast.BitAnd: "|",
}
OPPOSITES = {"min": "max", "max": "min", "any": "all", "all": "any"}
LOGGERS = {"log", "logger", "logging"}


@dataclass(frozen=True, slots=True)
class Mutation:
    """`start` to `end` of the source, in bytes of UTF-8, is replaced by `text`."""

    line: int
    start: int
    end: int
    text: str
    what: str

    def applied(self, source: str) -> str:
        raw = source.encode()
        return (raw[: self.start] + self.text.encode() + raw[self.end :]).decode()

    def compiles(self, source: str) -> bool:
        try:
            compile(self.applied(source), "mutant", "exec")
        except SyntaxError:
            return False
        return True


def mutations(source: str) -> list[Mutation]:
    """Every mutation of the bodies of functions; a few, such as a `break` without its loop, do not
    compile.

    What only types, documents, decorates or logs is left alone, and so are the constants of modules
    and classes: they are settings, and no test should repeat them.
    """
    found = _Finder(source)
    found.visit(ast.parse(source))
    return found.mutations


class _Finder(ast.NodeVisitor):
    def __init__(self, source: str) -> None:
        self.raw = source.encode()
        self.mutations: list[Mutation] = []
        self._in_function = False
        self._starts = [0]
        for line in self.raw.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outside, self._in_function = self._in_function, True
        for statement in node.body:
            self.visit(statement)
        self._in_function = outside

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            super().visit(node)
            return
        if not self._in_function or _is_words(node):
            return
        for text, what, start, end in self._changes(node):
            line = self.raw.count(b"\n", 0, start) + 1
            self.mutations.append(Mutation(line, start, end, text, what))
        for child in _children(node):
            self.visit(child)

    def _changes(self, node: ast.AST) -> Iterator[tuple[str, str, int, int]]:
        match node:
            case ast.Compare():
                operands = [node.left, *node.comparators]
                for operator, (left, right) in zip(node.ops, pairwise(operands), strict=True):
                    yield self._operator(left, operator, right)
            case ast.BoolOp():
                for left, right in pairwise(node.values):
                    yield self._operator(left, node.op, right)
            case ast.BinOp() if type(node.op) in OPERATORS and not _is_text(node.left):
                yield self._operator(node.left, node.op, node.right)
            case ast.UnaryOp(op=ast.Not()):
                yield self._replaced(node, self._text(node.operand))
            case ast.If() | ast.While() | ast.IfExp():
                yield self._replaced(node.test, f"(not ({self._text(node.test)}))")
            case ast.comprehension():
                for test in node.ifs:
                    yield self._replaced(test, f"(not ({self._text(test)}))")
            case ast.Constant(value=bool()):
                yield self._replaced(node, str(not node.value))
            case ast.Constant(value=int() as number):
                yield self._replaced(node, str(number + 1))
            case ast.Call(func=ast.Name(id=name)) if name in OPPOSITES:
                yield self._replaced(node.func, OPPOSITES[name])
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                yield self._replaced(value, "None")
            case ast.Expr(value=ast.Call() | ast.Await()) | ast.AugAssign() | ast.Delete():
                yield self._replaced(node, "pass")
            case ast.Raise() | ast.Continue() | ast.Break():
                yield self._replaced(node, "pass")
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
                yield self._replaced(node, "pass")

    def _replaced(self, node: ast.AST, text: str) -> tuple[str, str, int, int]:
        start, end = self._span(node)
        return text, f"{self._short(start, end)} -> {' '.join(text.split())[:60]}", start, end

    def _operator(
        self, left: ast.expr, operator: ast.AST, right: ast.expr
    ) -> tuple[str, str, int, int]:
        """Replaces what stands between two operands, but for brackets and comments."""
        start, end = self._span(left)[1], self._span(right)[0]
        between = self.raw[start:end].decode()
        new = OPERATORS[type(operator)]
        old = _SIGNS[type(operator)]
        text = between.replace(old, new, 1)
        return text, f"{self._short(*self._around(left, right))}: {old} -> {new}", start, end

    def _around(self, left: ast.expr, right: ast.expr) -> tuple[int, int]:
        return self._span(left)[0], self._span(right)[1]

    def _span(self, node: ast.AST) -> tuple[int, int]:
        position = node
        assert isinstance(position, ast.expr | ast.stmt)
        assert position.end_lineno is not None
        assert position.end_col_offset is not None
        return (
            self._starts[position.lineno - 1] + position.col_offset,
            self._starts[position.end_lineno - 1] + position.end_col_offset,
        )

    def _text(self, node: ast.AST) -> str:
        start, end = self._span(node)
        return self.raw[start:end].decode()

    def _short(self, start: int, end: int) -> str:
        return " ".join(self.raw[start:end].decode().split())[:60]


_SIGNS: dict[type[ast.AST], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.And: "and",
    ast.Or: "or",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitOr: "|",
    ast.BitAnd: "&",
}


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Without annotations and types: nothing runs by them."""
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list"}:
            continue
        nodes = value if isinstance(value, list) else [value]
        yield from (each for each in nodes if isinstance(each, ast.AST))


def _is_words(node: ast.AST) -> bool:
    """Docstrings, calls of a logger, and assertions for the type checker."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Assert() | ast.JoinedStr():
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))) if (
            name in LOGGERS
        ):
            return True
        case ast.Call(func=ast.Name(id="cast")):
            return True
    return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
