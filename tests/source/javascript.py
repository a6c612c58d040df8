"""The page's modules, cut into tokens: just enough of JavaScript to find the texts that they name."""

import re
from typing import NamedTuple, Optional

TOKEN = re.compile(r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
                     | (?P<string>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")
                     | (?P<word>[\w$]+)
                     | (?P<other>.)""", re.S | re.X)
REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*")
ANY = "[a-z-]+"  # what may stand for a placeholder
BEFORE_REGEX = ("", "(", ",", "=", ":", "?", "[", "return")  # elsewhere a slash divides


class Token(NamedTuple):
    kind: str       # word, string, template, regex, other
    text: str = ""  # of a string: what is in it
    parts: tuple = ()  # of a template: a str, and a list of tokens for each placeholder


class Call(NamedTuple):
    name: str
    arguments: list  # of lists of tokens


def parse(code):
    return _parse(code, 0, False)[0]


def _parse(code, at, inner):
    """Tokens from a place on, to the end or, inside a template, to the brace that closes the placeholder."""
    tokens, depth = [], 0
    while at < len(code):
        match = TOKEN.match(code, at)
        kind, text = match.lastgroup, match[0]
        last = tokens[-1].text if tokens else ""
        if text == "`":
            parts, at = _template(code, at + 1)
            tokens.append(Token("template", parts=parts))
            continue
        if text == "/" and last in BEFORE_REGEX and (found := REGEX.match(code, at)):
            kind, text = "regex", found[0]
        if inner and text == "}" and depth == 0:
            return tokens, at + 1
        depth += (text == "{") - (text == "}")
        at += len(text)
        if kind == "string":
            tokens.append(Token(kind, re.sub(r"\\(.)", r"\1", text[1:-1])))
        elif kind != "space":
            tokens.append(Token(kind, text))
    assert not inner, "a template without an end"
    return tokens, at


def _template(code, at):
    parts, start = [], at
    while code[at] != "`":
        if code.startswith("${", at):
            parts.append(code[start:at])
            tokens, start = _parse(code, at + 2, True)
            parts.append(tokens)
            at = start
        else:
            at += 2 if code[at] == "\\" else 1
    return (*parts, code[start:at]), at + 1


def every(tokens):
    """All tokens, also those inside templates."""
    for token in tokens:
        yield token
        for part in token.parts:
            if isinstance(part, list):
                yield from every(part)


def calls(tokens, *names):
    """Calls of these functions, however deep; of no methods."""
    for i, token in enumerate(tokens):
        for part in token.parts:
            if isinstance(part, list):
                yield from calls(part, *names)
        before = tokens[i - 1].text if i else ""
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        if token.kind == "word" and token.text in names and before not in (".", "function") and after == Token("other", "("):
            yield Call(token.text, split(tokens[i + 2:]))


def split(tokens):
    """What stands between commas, up to the bracket that closes."""
    parts, depth = [[]], 0
    for token in tokens:
        if token.kind == "other" and token.text in ")]}":
            if depth == 0:
                break
            depth -= 1
        elif token.kind == "other" and token.text in "([{":
            depth += 1
        if token == Token("other", ",") and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def members(tokens):
    """The names in an object literal."""
    return {member[0].text for member in split(tokens[1:])} if tokens and tokens[0].text == "{" else set()


def pattern(template) -> Optional[str]:
    """A regular expression for what a template can become; None when it is not made of words, dots and hyphens."""
    expression = ""
    for part in template.parts:
        if isinstance(part, list):
            expression += _choice(part) or ANY
        elif re.fullmatch(r"[a-z.-]*", part):
            expression += re.escape(part)
        else:
            return None
    return expression


def _choice(tokens):
    """Of "condition ? 'this' : 'that'"."""
    last = tokens[-4:]
    if [token.kind for token in last] == ["other", "string", "other", "string"] and last[0].text == "?":
        return f"(?:{re.escape(last[1].text)}|{re.escape(last[3].text)})"
    return None
