#!/usr/bin/env python3
"""Keeps co_await to the forms that g++ 12 compiles rightly.

g++ 12 (Debian 12) miscompiles many statements that hold a co_await: members destroyed twice, objects destroyed
that never lived, endless loops. No warning points at them, other compilers take them rightly, and the sanitizers
see about half. What goes wrong always breaks one rule, so the rule is what is checked:

    A statement with co_await holds nothing but `co_await f(names, literals, function calls)`, at most with
    `auto x =`, `x =` or `co_return` before it; and co_await never stands inside the parentheses of
    `if`, `while`, `do while`, `switch` or `for`.

Known to be right, and let through: `if (auto x = co_await f(); x)`, `for (auto& x : co_await f())`,
`v.push_back(co_await f())`, `auto [a, b] = co_await f()`, lambdas that capture nothing or by reference. What a
statement holds does not include the bodies of its lambdas: those are statements of their own.

    coawait.py FILE...      says each breach as FILE:LINE, and exits with 1 if there is one
    coawait.py --self-test  holds the check against snippets that are wrong and snippets that are right

How it works: C++ is cut into tokens, the tokens into a tree of brackets, the inside of each block into
statements. No types are known, so a `{` in a statement is refused whatever it constructs. The way out is always
the same: name the thing in a statement of its own.
"""

import re
import sys
from dataclasses import dataclass, field

# ---- tokens -----------------------------------------------------------------------------------------------

TOKEN = re.compile(
    r"""
    (?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)
  | (?P<directive>(?:(?<=\n)|\A)[ \t]*\#(?:\\\n|//[^\n]*|/\*.*?\*/|[^\n])*)
  | (?P<raw>(?:u8|u|U|L)?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")
  | (?P<string>(?:u8|u|U|L)?"(?:\\.|[^"\\\n])*")
  | (?P<char>(?:u8|u|U|L)?'(?:\\.|[^'\\\n])+')
  | (?P<number>\.?[0-9](?:'?[\w.]|(?<=[eEpP])[+-])*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<mark2>::|->|&&|\|\||==|<=|>=|!=|\+=|-=|\*=|/=|%=|&=|\|=|\^=|<<|\+\+|--)
  | (?P<one>[^\s])
""",
    re.VERBOSE | re.DOTALL,
)


@dataclass
class Node:
    """A token, or a bracket with what it holds: text is then "(", "[" or "{"."""

    text: str
    line: int
    inside: list = field(default_factory=list)
    kind: str = ""  # for "{": block, init or lambda; for "[": capture, or nothing


def tree(source):
    """The tokens of a source as a tree of brackets; comments and directives are left out."""
    line, at = 1, 0
    root = Node("{", 1, kind="block")
    stack = [root]
    for match in TOKEN.finditer(source):
        line += source.count("\n", at, match.start())
        at = match.start()
        if match.lastgroup in ("comment", "directive"):
            continue
        text = match.group()
        if match.group("raw") or match.group("string") or match.group("char"):
            text = '""'
        if text in "([{" and len(text) == 1:
            node = Node(text, line)
            stack[-1].inside.append(node)
            stack.append(node)
        elif text in ")]}" and len(text) == 1:
            if len(stack) > 1:
                stack.pop()
        else:
            stack[-1].inside.append(Node(text, line))
    return root


# ---- statements -------------------------------------------------------------------------------------------

CLASS_LIKE = {"class", "struct", "union", "enum", "namespace", "extern", "concept"}
AFTER_HEAD = {"const", "noexcept", "override", "final", "mutable", "constexpr", "try", "else", "do", "volatile"}
CONTROL = {"if", "while", "for", "switch", "catch"}


def is_word(node):
    return bool(re.match(r"[A-Za-z_]", node.text))


def classify(nodes, in_block=True):
    """Names every "[" and "{" among one bracket's nodes for what it is; then those inside."""
    start = 0  # where the statement at hand begins
    for i, node in enumerate(nodes):
        before = nodes[i - 1] if i > start else None
        if node.text == "[":
            attribute = len(node.inside) == 1 and node.inside[0].text == "["
            subscript = before is not None and (
                before.text in (")", "(", "[", '""', ">")
                or (is_word(before) and before.text not in ("return", "co_return", "co_await", "co_yield", "else"))
            )
            binding = before is not None and (
                before.text == "auto" or (before.text in ("&", "&&") and i - 2 >= start and nodes[i - 2].text == "auto")
            )
            if before is not None and before.text == "{":
                subscript = before.kind == "init"
            if not attribute and not subscript and not binding:
                node.kind = "capture"
        elif node.text == "{":
            node.kind = brace_kind(nodes, start, i, in_block)
        if node.text == "[" and len(node.inside) == 1 and node.inside[0].text == "[":
            continue  # an attribute: nothing in it is code
        classify(node.inside, node.kind in ("block", "lambda"))
        if node.text == ";" or (node.text == "{" and node.kind == "block"):
            start = i + 1
        elif node.text == ":" and is_label(nodes, start, i):
            start = i + 1


def is_label(nodes, start, i):
    """Whether nodes[start:i] and the ":" at i are `case x:`, `default:`, `public:` or a label."""
    first = nodes[start].text if start < i else ""
    if first == "case":
        return all(n.text != "?" for n in nodes[start:i])
    return i - start == 1 and is_word(nodes[start]) or (i - start == 2 and first in ("public", "private", "protected"))


def brace_kind(nodes, start, i, in_block):
    """What the "{" at i opens: a block, a lambda's body, or the values of an initialisation."""
    statement = nodes[start:i]
    if not statement:
        return "block" if in_block else "init"
    last = statement[-1]
    # A lambda: `[..]`, `[..](..)`, `[..](..) mutable noexcept -> type`.
    for j in range(len(statement) - 1, -1, -1):
        if statement[j].kind == "capture":
            tail = statement[j + 1 :]
            if tail and tail[0].text == "<":  # template parameters
                while tail and tail[0].text not in ("(", "{"):
                    tail = tail[1:]
            if tail and tail[0].text == "(":
                tail = tail[1:]
            if not tail or tail[0].text in ("mutable", "noexcept", "constexpr", "->", "requires", "static"):
                if all(n.text not in (",", ";", "=", "{") or angle(tail, n) for n in tail):
                    return "lambda"
            break
    if last.text in AFTER_HEAD or (last.text == "[" and last.kind == ""):  # an attribute stands there too
        return "block"
    if last.text in ("&", "&&") and len(statement) > 1 and statement[-2].text in ("(", "const", "volatile"):
        return "block"  # f() const& {
    words = [n.text for n in statement]
    if "=" not in words and not any(n.text == "(" for n in statement) and CLASS_LIKE & set(words):
        return "block"
    if words[0] in ("class", "struct", "union", "enum", "namespace") or (words[0] == "template" and CLASS_LIKE & set(words)):
        if "=" not in words or words[0] != "template":
            return "block"
    if last.text == "(":
        return "block"  # if (..) {, f(..) {, catch (..) {
    if last.text == "{":
        return "block"  # the body after `: member_{..}`
    # `auto f() -> type {`
    for j in range(1, len(statement)):
        if statement[j].text == "->" and (statement[j - 1].text == "(" or statement[j - 1].text in AFTER_HEAD):
            if all(is_word(n) or n.text in ("::", "<", ">", ",", "*", "&", "&&", "(") for n in statement[j + 1 :]):
                return "block"
    return "init"


def angle(tail, comma):
    """Whether a comma in a lambda's trailing return type stands between angle brackets."""
    depth = 0
    for node in tail:
        if node is comma:
            return comma.text == "," and depth > 0
        depth += (node.text == "<") - (node.text == ">")
    return False


def statements(nodes):
    """The statements directly inside a block: lists of nodes, their closing block (if any) left out."""
    current = []
    for i, node in enumerate(nodes):
        if node.text == ";" or (node.text == "{" and node.kind == "block"):
            if current:
                yield current
            current = []
        else:
            current.append(node)
    if current:
        yield current


# ---- the rule ---------------------------------------------------------------------------------------------


def walk(nodes):
    """All nodes of a statement at any depth, but for the bodies of lambdas and blocks."""
    for node in nodes:
        yield node
        if not (node.text == "{" and node.kind in ("lambda", "block")):
            yield from walk(node.inside)


def every(nodes):
    for node in nodes:
        yield node
        yield from every(node.inside)


def awaits(nodes):
    return [n for n in walk(nodes) if n.text == "co_await"]


def split(nodes, mark):
    parts = [[]]
    for node in nodes:
        if node.text == mark:
            parts.append([])
        else:
            parts[-1].append(node)
    return parts


class Checker:
    def __init__(self, name):
        self.name = name
        self.found = []
        self.judged = set()  # every co_await that the rule was applied to

    def say(self, node, what, instead):
        entry = (node.line, f"{self.name}:{node.line}: {what}: {instead}")
        if entry not in self.found:
            self.found.append(entry)

    def check(self, source):
        root = tree(source)
        classify(root.inside)
        self.block(root.inside)
        for node in every(root.inside):
            if node.text == "co_await" and id(node) not in self.judged:
                self.say(node, "a co_await in a place this check does not understand", "write it plainer, or mend the check")
        return [text for _, text in sorted(self.found)]

    def block(self, nodes):
        for statement in statements(nodes):
            self.statement(statement)
        for node in nodes:
            self.inner_blocks(node)

    def inner_blocks(self, node):
        if node.text == "{" and node.kind in ("block", "lambda"):
            self.block(node.inside)
        else:
            for child in node.inside:
                self.inner_blocks(child)

    def statement(self, nodes):
        nodes = self.strip_control(nodes)
        self.dangling_spawn(nodes)
        if awaits(nodes):
            self.simple(nodes)

    def strip_control(self, nodes):
        """Checks and takes off what stands before the statement proper: `else if (..)`, `case x:`, `for (..)`."""
        while nodes:
            first = nodes[0]
            if first.text in ("else", "do", "try"):
                nodes = nodes[1:]
            elif first.text in CONTROL:
                rest = nodes[1:]
                if rest and rest[0].text in ("constexpr", "consteval", "!"):
                    rest = rest[1:]
                if not rest or rest[0].text != "(":
                    return nodes
                self.condition(first, rest[0])
                nodes = rest[1:]
            else:
                label = next((i for i, n in enumerate(nodes) if n.text == ":" and is_label(nodes, 0, i)), None)
                if label is None:
                    return nodes
                nodes = nodes[label + 1 :]
        return nodes

    def condition(self, keyword, parentheses):
        inside = parentheses.inside
        if not awaits(inside):
            return
        self.judged.update(id(n) for n in awaits(inside))
        if keyword.text == "for" and len(split(inside, ";")) == 1:
            parts = split(inside, ":")
            if len(parts) == 2 and not awaits(parts[0]):
                self.simple(parts[1])
                return
        if keyword.text == "if":
            parts = split(inside, ";")
            if len(parts) == 2 and not awaits(parts[1]) and parts[0][0].text == "auto":
                self.simple(parts[0])
                return
        self.say(
            awaits(inside)[0],
            f"co_await inside the parentheses of `{keyword.text}`",
            "await into a variable first, then test the variable",
        )

    def simple(self, nodes):
        """One statement with a co_await in it."""
        first = awaits(nodes)[0]
        self.judged.update(id(n) for n in awaits(nodes))
        if len(awaits(nodes)) > 1:
            self.say(first, "two co_await in one statement", "one statement each")
        everything = list(walk(nodes))
        for i, node in enumerate(everything):
            before = everything[i - 1] if i else None
            if node.text == "{" and node.kind == "init":
                self.say(node, "`{` in a statement with co_await", "name the object in a statement of its own, then std::move it")
            elif node.text == "?":
                self.say(node, "`?:` in a statement with co_await", "write if and assignment")
            elif node.text == "||":
                self.say(node, "`||` in a statement with co_await", "await first, then combine")
            elif node.text == "&&" and not (before is not None and before.text in ("auto", ">")):
                self.say(node, "`&&` in a statement with co_await", "await first, then combine")
            elif node.text in ("new", "throw"):
                self.say(node, f"`{node.text}` in a statement with co_await", f"await first, then {node.text}")
            elif node.text == "[" and node.kind == "capture" and captures_by_value(node):
                self.say(
                    node,
                    "a lambda that captures by value in a statement with co_await",
                    "capture by reference, or name the lambda and move it",
                )
            elif (
                re.fullmatch(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+|ASSERT|EXPECT|CHECK|REQUIRE|assert", node.text)
                and i + 1 < len(everything)
                and everything[i + 1].text == "("
                and awaits(everything[i + 1].inside)
            ):
                self.say(node, f"co_await inside the macro {node.text}", "who knows its expansion? Await into a variable first")

    def dangling_spawn(self, nodes):
        """co_spawn(ex, [p]() -> awaitable<void> {..}()): the lambda dies, its captures with it, on every compiler."""
        everything = list(walk(nodes))
        for i, node in enumerate(everything[:-1]):
            if node.text == "co_spawn" and everything[i + 1].text == "(":
                inside = everything[i + 1].inside
                for j, body in enumerate(inside[:-1]):
                    if body.kind == "lambda" and inside[j + 1].text == "(":
                        capture = next((n for n in reversed(inside[:j]) if n.kind == "capture"), None)
                        if capture is not None and capture.inside:
                            self.say(body, "co_spawn of a lambda with captures that is called at once", "pass the lambda itself, without the `()` behind it")


def captures_by_value(bracket):
    for part in split(bracket.inside, ","):
        texts = [n.text for n in part]
        if texts and texts[0] != "&" and texts != ["this"]:
            return True
    return False


def check(name, source):
    return Checker(name).check(source)


# ---- its own test -----------------------------------------------------------------------------------------

# Each stands inside the body of a coroutine, unless it begins with a declaration of its own ("awaitable<").
WRONG = [
    "if (!co_await ok()) return;",
    "if (co_await ok()) { go(); }",
    "else_branch: if (a) b(); else if (co_await ok()) go();",
    "while (co_await ok()) {}",
    "while (!done) while (co_await ok()) go();",
    "do { go(); } while (co_await ok());",
    "switch (co_await which()) { case 1: break; }",
    "for (int i = 0; i < co_await n(); ++i) go();",
    "for (auto x = co_await first(); x; x = next(x)) go();",
    "if (int n = 1; co_await ok(n)) go();",
    "if (auto ok = co_await f(); co_await g()) go();",
    "if (auto x = co_await f(Agg{1}); x) go();",
    "co_await f(Agg{s, 1});",
    "co_await f({s, 1});",
    "co_await f({});",
    "co_await Agg{}.run();",
    "co_await f(std::array<T, 2>{a, b});",
    "auto x = co_await f(Agg{.name = s});",
    "co_return co_await f(Agg{s});",
    "co_await f([p] { return *p; });",
    "co_await f([p = std::move(p)]() mutable { return *p; });",
    "co_await f([=] { return *p; });",
    "co_await f([&a, p](int) -> int { return *p + a; });",
    "co_await f([*this] { return 1; });",
    "co_await asio::co_spawn(ex, [s]() -> awaitable<void> { co_await g(s); }, use_awaitable);",
    "co_await f(c ? T(1) : T(2));",
    "T t = c ? co_await a() : b;",
    "co_await (c ? a() : b());",
    "Agg a{co_await g(), 1};",
    "auto p = new T(co_await g());",
    "throw E(co_await g());",
    'co_await f({"a", "b"});',
    "co_await f(std::vector<T>{a, b});",
    "bool b = T(1).ok() && co_await g();",
    "bool b = co_await g() || other;",
    "co_await (a() && b());",
    "co_await f(co_await g());",
    "EXPECT_EQ(co_await f(), 3);",
    "ASSERT_TRUE(co_await f());",
    "assert(co_await f());",
    "case_label: co_await f(Agg{1});",
    "switch (x) { case 1: co_await f({1}); break; default: co_await f({2}); }",
    "auto task = [&]() -> awaitable<void> { co_await f(Agg{1}); };",
    "run([&](int n) -> awaitable<std::pair<int, int>> { if (co_await f(n)) co_return p; co_return q; });",
    "if (a) co_await f(Agg{1});",
    "if (a) { x(); } else co_await f(Agg{1});",
    "for (auto& x : co_await f(Agg{1})) go(x);",
    "asio::co_spawn(ex, [p]() -> awaitable<void> { co_await f(*p); }(), rethrow);",
    "awaitable<void> C::run() const { while (!co_await x()) {} }",
    "class C { int a_{1}; awaitable<void> run() override { co_await f(Agg{1}); } };",
    "struct S : B { S(int a) : a_(a), b_{a} {} awaitable<int> g() { co_return co_await f({1}); } };",
    "template <class T> requires (sizeof(T) > 1) auto f(T t) -> awaitable<T> { co_await g(T{}); }",
    "co_await f(  // a comment with a quote ' and a { brace\n  Agg{1});",
]
RIGHT = [
    "bool good = co_await ok(); if (!good) co_return;",
    "co_await f(a, 1, g(b), std::move(c));",
    "auto [ec, n] = co_await wait();",
    "auto r = co_await wait(); auto& [a, b] = r;",
    "if (auto [ec] = co_await wait(); ec) go();",
    "for (auto& x : co_await v()) go(x);",
    "for (auto&& x : co_await v()) go(x);",
    "auto&& r = co_await v();",
    "out.push_back(co_await g());",
    "co_return co_await f(std::string(\"{}?&&\"), 'x', a + b);",
    "x = co_await f(R\"(a { b ? c && d)\");",
    "co_await f([&] { return T{1, 2}; });",
    "co_await f([&x](int n) { return c ? x : n; });",
    "co_await f([](int n) { return n && true; });",
    "co_await [&]() -> awaitable<void> { co_await g(); }();",
    "asio::co_spawn(ex, [&]() -> awaitable<void> { co_await g(); }, rethrow);",
    "asio::co_spawn(ex, [p]() -> awaitable<void> { co_await g(*p); }, rethrow);",
    "auto start = [p] { return Agg{1}; }; co_await f(start);",
    "Agg a{1, 2}; auto b = c ? d : e; co_await f(std::move(a));",
    "if (a && !b) co_await f();",
    "if (a || b) { co_await f(); } else if (c ? d : e) { co_await g(); }",
    "while (!tasks_.empty()) co_await changed_.wait();",
    "while (!tasks_.empty() && !stopped) { co_await changed_.wait(); }",
    "do { co_await f(); } while (!done && more);",
    "for (int i = 0; i < 3 && ok; ++i) co_await f(i);",
    "switch (x) { case A::b: co_await f(); break; case 2: { co_await g(); break; } default: co_await h(); }",
    "try { co_await std::move(task); } catch (...) { failure = std::current_exception(); }",
    "co_await this_coro::reset_cancellation_state(disable_cancellation());",
    "co_await f(std::optional<int>(1), std::map<int, std::pair<int, int>>(), a[1], b[i][j]);",
    "std::vector<int> v{1, 2}; int a[2] = {1, 2}; co_await f(v, a);",
    "// co_await f(Agg{1});\nco_await f();",
    "/* if (co_await f()) */ co_await f(); const char* s = \"if (co_await x())\";",
    "auto n = 1'000'000; co_await f(n);",
    "[[maybe_unused]] auto x = co_await f();",
    "auto lambda = [&](Agg a = {}) -> awaitable<void> { co_await f(a); }; co_await lambda();",
    "awaitable<void> C::run() { Agg a{1}; co_await f(a); }",
    "class C { public: C(int a) : a_(a), b_{a} {} awaitable<void> run() const override { co_await f(); } int b_{0}; };",
    "namespace a::b { struct S { int x = {}; }; inline awaitable<int> f(S s = {}) { co_return co_await g(std::move(s)); } }",
    "enum class E : int { a, b }; awaitable<void> f(E e) { co_await g(e); }",
    "#define X(a) if (co_await f(a)) \\\n  return\nco_await f();",
    "template <class T> awaitable<T> f(T&& t) { co_return co_await g(std::forward<T>(t)); }",
    "std::ignore = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));",
    "extern \"C\" { void f(); } awaitable<void> g() { co_await h(); }",
    "expect(a.b == c) << \"text\"; co_await f(); EXPECT_EQ(x, (Agg{1, 2}));",
    "auto r = co_await static_cast<awaitable<int>&&>(task);",
    "struct S { awaitable<int> g() const& { co_return co_await f(1); } awaitable<int> h() && noexcept { co_await f(); } };",
    "awaitable<int> g() [[gnu::cold]] { co_return co_await f(); }",
]


def self_test():
    failed = 0
    for snippets, wanted in ((WRONG, True), (RIGHT, False)):
        for snippet in snippets:
            source = snippet
            if not re.match(r"awaitable<|class |struct |template |namespace |enum |extern |#", snippet):
                source = "namespace n {\nawaitable<void> f() {\n" + snippet + "\n}\n}  // namespace n\n"
            found = check("snippet", source)
            if bool(found) != wanted:
                failed += 1
                print(f"self-test: {'not found' if wanted else 'found though right'}: {snippet}", *found, sep="\n  ")
    # A line is named rightly, and once.
    found = check("x.cpp", "awaitable<void> f() {\n  co_await g();\n\n  co_await g(\n      Agg{1});\n}\n")
    if [text.split(": ")[0] for text in found] != ["x.cpp:5"]:
        failed += 1
        print("self-test: wrong line:", found)
    print(f"coawait: self-test of {len(WRONG)} wrong and {len(RIGHT)} right snippets: {failed} failed")
    return failed


def main(arguments):
    if arguments == ["--self-test"]:
        return 1 if self_test() else 0
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    found = []
    for name in arguments:
        with open(name, encoding="utf-8") as file:
            found += check(name, file.read())
    for text in found:
        print(text)
    if found:
        print(f"coawait: {len(found)} statements that g++ 12 may miscompile; the rule: {sys.argv[0]} --help")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
