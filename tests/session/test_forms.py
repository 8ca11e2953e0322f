"""Equal code is judged once, however it is laid out."""

from __future__ import annotations

import pytest

from accelcore.cache import Cache
from accelcore.journal import Journal
from accelcore.session.forms import form_of
from accelcore.values import Candidate, Kernel

PLAIN = '#include <math.h>\n#define N 4 \nint f(int n, char *s) {\n  s = "a  /* b */";\n  return n + 1;\n}\n'


def kernel(text, language="c"):
    return Kernel(text, language, "f")


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("return", "// it returns\n return"),
        PLAIN.replace("{\n", "{ /* one\ntwo */\n\n"),
        PLAIN.replace("int n, char", "int n,char").replace("f(int", "f( int"),
        PLAIN.replace("  return n + 1;\n}", "return n\n  + 1; }"),
        PLAIN.replace("#define N 4 ", "#define  N \\\n 4"),
        PLAIN.replace("\n", "\r\n"),
    ],
)
def test_comments_and_layout_mean_nothing_in_c(text):
    assert text != PLAIN
    assert form_of(kernel(text)) == form_of(kernel(PLAIN))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('f("a  b");', 'f("a b");'),
        ("f('//');", "f('//'); g();"),
        ('f("/*"); g("*/");', 'f("/*"); h("*/");'),
        ("f(a + ++b);", "f(a++ + b);"),
        ("int f;", "intf;"),
        ("#define A 1\nint f;", "#define A 1 int f;"),
        ("#define A (1)\nf", "#define A(1)\nf"),
        ("int f = __LINE__;", "\nint f = __LINE__;"),
        ('R"(f  g)"', 'R"(f g)"'),
        ("int f; //", "int f; // \\\nint g;\nint h;"),
        ("a /* */ f", "a/ * */ f"),
    ],
)
def test_what_means_something_is_kept(one, other):
    assert form_of(kernel(one)) != form_of(kernel(other))


def test_python_is_compared_by_its_tokens():
    plain = "def f(x):\n    if x:\n        return 1\n    return 2\n"
    same = "# first\ndef f( x ):\n  if x: # why\n\n    return 1\n  return 2"
    assert form_of(kernel(plain, "python")) == form_of(kernel(same, "python"))
    for other in (plain.replace("    return 2", "        return 2"), plain.replace("1", "'1 '"), plain + "("):
        assert form_of(kernel(other, "python")) != form_of(kernel(plain, "python"))


def test_other_languages_are_compared_to_the_letter():
    assert form_of(kernel("a  b", "settings")) != form_of(kernel("a b", "settings"))


def test_the_entry_and_how_it_is_built_count():
    assert form_of(Kernel("int f, g;", "c", "f")) != form_of(Kernel("int f, g;", "c", "g"))
    assert form_of(Kernel("int f;", "c", "f", build=(("flags", "-O2"),))) != form_of(Kernel("int f;", "c", "f"))


def test_equal_code_is_judged_and_charged_once(begin, fakes):
    bench = fakes.bench({})
    session, _ = begin(bench)
    texts = ["int f;", "int  f; // again", "int\nf;"]
    found = [c for c, _ in session.evaluate([Candidate(kernel(text)) for text in texts])]
    assert [c.kernel.text for c in found] == [texts[0]] * 3
    assert session.relative(found[2]) is not None
    assert [bench.judged[text] for text in texts] == [1, 0, 0]
    assert session.meter.spent["evaluations"] == 2, "the start and one"


def test_equal_code_of_an_earlier_run_is_not_judged_again(tmp_path, begin, fakes):
    benches = [fakes.bench({}), fakes.bench({})]
    for bench, text in zip(benches, ("int f;", "int  f; // again"), strict=True):
        session, _ = begin(bench, journal=Journal.memory(seed=1), cache=Cache(tmp_path))
        (found, _), *_ = session.evaluate([Candidate(kernel(text))])
        assert session.relative(found) is not None
    assert benches[1].judged["int  f; // again"] == 0
