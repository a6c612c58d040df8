"""The texts of the page: the same ones in each language, and just those that it uses."""

import json
import re
import subprocess
import urllib.parse
from pathlib import Path

import pytest

from javascript import ANY, calls, every, members, parse, pattern

ROOT = Path(__file__).resolve().parents[2]
WWW = ROOT / "www"
FILES = {path.stem: path for path in (WWW / "lang").glob("*.js")}
LANGUAGES = sorted(FILES)
TRANSLATIONS = [language for language in LANGUAGES if language != "en"]

# Texts that are the same as in English, on purpose.
SAME = {
    "de": {"unit.hour", "unit.minute", "unit.second"},
    "nl": {"unit.minute", "unit.second"},
}
# Quotation marks, and the apostrophe.
QUOTES = {"de": "„“’", "en": "“”’", "nl": "‘’"}
# What meaning.js makes of the service's results: a test that waits for an offered message, and a result it does not know.
OWN_VERDICTS = {"offered", "unknown"}
VERDICT_TEXTS = {"title", "observed", "proves", "limits", "do"}


def url_of(path):
    """A module by its text: Debian's Node.js would take a file of such a name for a CommonJS module."""
    return "data:text/javascript," + urllib.parse.quote(path.read_text())


def node(script):
    """What an ES module prints as JSON."""
    done = subprocess.run(["node", "--input-type=module", "-"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def load(path):
    """The file as the browser would, in the order in which it stands there."""
    return node(f"import texts from {json.dumps(url_of(path))}; console.log(JSON.stringify(texts));")


TEXTS = {language: load(path) for language, path in FILES.items()}
KEYS = set(TEXTS["en"])
GROUPS = {key.split(".")[0] for key in KEYS if "." in key}
TOKENS = {path.name: parse(path.read_text()) for path in sorted(WWW.glob("*.js"))}


def found(expression, text):
    """Everything that is found there, sorted: translations may have it in another order."""
    return sorted(re.findall(expression, text))


# One language and another


@pytest.mark.parametrize("language", LANGUAGES)
def test_file_is_one_object_without_repetition(language):
    """A key that stands there twice would hide one of its texts."""
    keys = re.findall(r"^\t'([^']+)':", FILES[language].read_text(), re.MULTILINE)
    assert len(keys) > 100
    assert keys == list(TEXTS[language])


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_same_keys_in_the_same_order(language):
    assert set(TEXTS[language]) ^ KEYS == set()
    assert list(TEXTS[language]) == list(TEXTS["en"])


@pytest.mark.parametrize("language", TRANSLATIONS)
@pytest.mark.parametrize("expression", [
    pytest.param(r"\{\w+\}", id="placeholders"),
    pytest.param(r"`[^`]*`", id="code"),
    pytest.param(r"\]\(.*?\)", id="links"),
    pytest.param(r"[`*\[\]{}]", id="marks"),
])
def test_same_markup(language, expression):
    differ = [key for key, text in TEXTS["en"].items() if key in TEXTS[language]
              and found(expression, text) != found(expression, TEXTS[language][key])]
    assert differ == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_empty_text(language):
    odd = [key for key, text in TEXTS[language].items() if not isinstance(text, str) or text.strip() != text or not text]
    assert odd == []


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_everything_is_translated(language):
    same = {key for key, text in TEXTS[language].items() if text == TEXTS["en"].get(key)}
    assert same == SAME[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_quotation_marks_of_the_language(language):
    odd = {key: text for key, text in TEXTS[language].items()
           if set(re.sub(r"`[^`]*`", "", text)) & (set("\"'„“”‘’‚«»") - set(QUOTES[language]))}
    assert odd == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_verdicts_can_stand_in_a_sentence(language):
    titles = [text for key, text in TEXTS[language].items() if re.fullmatch(r"verdict\.[a-z-]+\.title", key)]
    assert len(titles) == len(results() | OWN_VERDICTS)
    assert [title for title in titles if title.endswith((".", "!", "?"))] == []
    assert TEXTS[language]["verdict.so-far"].endswith(": {title}")


# The choice of a language


def test_languages_agree():
    chosen = node(re.search(r"^const LANGUAGES = .*;$", (WWW / "language.js").read_text(), re.MULTILINE)[0]
                  + "console.log(JSON.stringify(LANGUAGES));")
    assert chosen[0] == "en"
    navigation = re.search(r'<nav id="languages".*?</nav>', (WWW / "index.html").read_text(), re.S)[0]
    assert re.findall(r'<button [^>]*lang="(\w+)"', navigation) == chosen
    assert sorted(chosen) == LANGUAGES
    assert sorted(re.findall(r"lang/(\w+)\.js", (WWW / "Makefile.inc").read_text())) == LANGUAGES


# Texts and what uses them


def attributes():
    """Keys that elements of the page name."""
    return set(re.findall(r'\bdata-(?:text|label)="([^"]*)"', (WWW / "index.html").read_text()))


def begins_like_a_key(text):
    return "." in text and text.split(".")[0] in GROUPS


def literals():
    """Strings in the modules that are keys, or look like one: t('key'), or a key on its way there."""
    named = set()
    for tokens in TOKENS.values():
        named |= {token.text for token in every(tokens) if token.kind == "string"
                  and re.fullmatch(r"[a-z]+\.[a-z.-]+", token.text) and begins_like_a_key(token.text)}
        for call in calls(tokens, "t", "has"):
            named |= {token.text for token in call.arguments[0] if token.kind == "string"}
        # A phase without a test is shown by its own text.
        named |= {call.arguments[0][0].text for call in calls(tokens, "enter")}
    return named


def templates():
    """Templates in the modules that become keys, as regular expressions; first those that begin with a key's first
    word, then what others add to a key that is named elsewhere."""
    whole, endings = set(), set()
    for tokens in TOKENS.values():
        given = [token for call in calls(tokens, "t", "has") for token in call.arguments[0]]
        for token in every(tokens):
            if token.kind == "template" and (token in given or begins_like_a_key(token.parts[0])):
                expression = pattern(token)
                assert expression, f"{token}: becomes a key, and is not made of words"
                (whole if token.parts[0] else endings).add(expression.removeprefix("" if token.parts[0] else ANY))
    return whole, endings


def used():
    """All keys that are used."""
    whole, endings = templates()
    named = attributes() | literals() | {key for key in KEYS for expression in whole if re.fullmatch(expression, key)}
    return named | {key for key in KEYS for name in named for ending in endings
                    if re.fullmatch(re.escape(name) + ending, key)}


def test_every_text_is_used():
    assert KEYS - used() == set()


def test_every_text_that_is_used_is_there():
    assert len(attributes()) > 30 and len(literals()) > 40
    assert (attributes() | literals()) - KEYS == set()


def test_every_template_makes_a_key():
    whole, endings = templates()
    assert len(whole) >= 8 and len(endings) >= 1
    assert [expression for expression in whole if not any(re.fullmatch(expression, key) for key in KEYS)] == []
    assert [ending for ending in endings if not any(re.search(rf"[a-z]{ending}$", key) for key in KEYS)] == []


def placeholders(key):
    return set(re.findall(r"\{(\w+)\}", TEXTS["en"][key]))


def test_every_placeholder_is_filled():
    """By each call that shows the text. Keys that come to t() in a variable get what is given there."""
    lacking, direct, carried = set(), set(), set()
    for name, tokens in TOKENS.items():
        for call in calls(tokens, "t"):
            given = members(call.arguments[1]) if len(call.arguments) > 1 else set()
            expressions = [re.escape(token.text) for token in call.arguments[0] if token.kind == "string"]
            expressions += [pattern(token) for token in call.arguments[0] if token.kind == "template" and token.parts[0]]
            keys = {key for key in KEYS for expression in expressions if re.fullmatch(expression, key)}
            direct |= keys
            lacking |= {(name, key) for key in keys if not placeholders(key) <= given}
            carried |= set() if expressions else given
    lacking |= {("index.html", key) for key in attributes() & KEYS if placeholders(key)}
    lacking |= {key for key in KEYS - attributes() - direct if not placeholders(key) <= carried}
    assert lacking == set()


# What the program and the page can name


def names_in(path, expression):
    return set(re.findall(expression, (ROOT / path).read_text(), re.MULTILINE))


def results():
    return names_in("lib/report.c", r"\[HD_RESULT_\w+\] = \"([^\"]+)\"")


def outcomes():
    return names_in("lib/report.c", r"\[HD_OUTCOME_\w+\] = \"([^\"]+)\"")


def probes():
    return names_in("lib/probe.c", r"\[HD_PROBE_\w+\] = \{\"([^\"]+)\"")


def test_every_verdict_has_its_texts():
    assert {"waiting", "running", "dane", "no-dane"} <= results()
    wanted = {f"verdict.{verdict}.{part}" for verdict in results() | OWN_VERDICTS for part in VERDICT_TEXTS}
    assert {key for key in KEYS if key.startswith("verdict.")} - {"verdict.so-far"} == wanted


def test_every_outcome_has_its_texts():
    """What passes or fails is said with an outcome: expected are delivery and its absence."""
    assert {"waiting", "delivered", "not-delivered"} == outcomes()
    qualified = {f"outcome.{name}" for name in ("pass", "fail", "clear", "offered", "not-delivered.so-far")}
    assert {key for key in KEYS if key.startswith("outcome.")} == {f"outcome.{name}" for name in outcomes()} | qualified
    assert {key for key in KEYS if key.startswith("expect.")} == {f"expect.{name}" for name in outcomes() - {"waiting"}}


def test_every_probe_has_its_text():
    assert {"do", "dont", "wrong"} <= probes()
    assert {key for key in KEYS if key.startswith("setup.")} == {f"setup.{probe}" for probe in probes()}


def test_every_mail_server_has_its_text():
    """And a name, where it is not the same in each language."""
    servers = node(f"import {{ RESOLVER, SERVERS }} from {json.dumps(url_of(WWW / 'servers.js'))};"
                   "console.log(JSON.stringify([RESOLVER, ...SERVERS]));")
    assert servers[0]["id"] == "resolver"
    wanted = {f"server.{server['id']}.text" for server in servers}
    wanted |= {f"server.{server['id']}.name" for server in servers if not server.get("name")}
    assert {key for key in KEYS if key.startswith("server.")} == wanted
