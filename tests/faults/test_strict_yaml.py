"""Whatever a file holds, the reader answers with its data or with one sentence that says where and what."""

from __future__ import annotations

import io
import itertools
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import pytest
from program import PEAK

from taskforce.errors import Failure, InputError
from taskforce.sync.strict_yaml import BUNDLE_LIMITS, Document, Position, read_documents, read_marked

SMALL = replace(
    BUNDLE_LIMITS, total_bytes=2000, documents=3, document_bytes=2000, scalar_chars=20, nodes_per_document=12
)


@pytest.fixture(params=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with libyaml, then as if PyYAML had been built without it."""
    if request.param == "python":
        monkeypatch.setitem(sys.modules, "yaml._yaml", None)


def read(content: bytes) -> list[object]:
    return [document.data for document in read_documents(io.BytesIO(content), "f.yaml")]


def refused(content: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        read(content)
    return caught.value


class Dribble(io.RawIOBase):
    """A stream that gives a few bytes at a time, as a pipe may."""

    def __init__(self, content: bytes, size: int) -> None:
        self._inner = io.BytesIO(content)
        self._size = size

    def read(self, size: int = -1) -> bytes:
        return self._inner.read(self._size)


@pytest.mark.parametrize(
    "text",
    ["NO", "0123", "12:30", "2026-01-01", "~", ".inf", "1_000", "null", "yes", "0x1F", "1e3", "=", "<<"],
)
@pytest.mark.usefixtures("parser")
def test_every_scalar_is_the_string_that_stands_there(text: str) -> None:
    assert read(f"a: {text}\nb: [{text}]\n".encode()) == [{"a": text, "b": [text]}]


@pytest.mark.parametrize(
    ("content", "data"),
    [
        (b"a:\nb: ''\nc: \"\"\n", {"a": "", "b": "", "c": ""}),
        (b"a: {}\nb: []\n", {"a": {}, "b": []}),
        (b"a: |\n  x\n   y\nb: >-\n  x\n  y\n", {"a": "x\n y\n", "b": "x y"}),
        (b"a: b", {"a": "b"}),
        (b"a: b\r\nc: |\r\n  d\r\n", {"a": "b", "c": "d\n"}),
        (b'a: "\\u2028\\x85\\ufeff\\x00\\e\\U0001F600"\n', {"a": "\u2028\x85\ufeff\x00\x1b\U0001f600"}),
        ("a: ភ្នំពេញ\u200b\u202e \U0001f600\n".encode(), {"a": "ភ្នំពេញ\u200b\u202e \U0001f600"}),
        (
            b"a: stop ! go\nb: Go!\nc: 'x ! '\nd: |\n  ! x\n",
            {"a": "stop ! go", "b": "Go!", "c": "x ! ", "d": "! x\n"},
        ),
        (b"a: b*c &d %e\n'<<': x\n'*': y\n", {"a": "b*c &d %e", "<<": "x", "*": "y"}),
        (b"? a\n: b\n", {"a": "b"}),
        (
            b"a: {b: {c: {d: {e: {f: {g: {h: i}}}}}}}\n",
            {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": "i"}}}}}}}},
        ),
    ],
)
@pytest.mark.usefixtures("parser")
def test_text_is_preserved_exactly(content: bytes, data: object) -> None:
    assert read(content) == [data]


REFUSED = [
    (b"a: b\nc: !!python/object/apply:os.system [id]\n", 2, 4, "yaml-tag"),
    (b"a: !!str b\n", 1, 4, "yaml-tag"),
    (b"a: !local b\n", 1, 4, "yaml-tag"),
    (b"a: ! b\n", 1, 4, "yaml-tag"),
    (b"a: x ! y\nb: ! c\n", 2, 4, "yaml-tag"),
    (b"a: !\n  b\n", 1, 4, "yaml-tag"),
    (b"a: !\n", 1, 4, "yaml-tag"),
    (b"a: !<!> b\n", 1, 4, "yaml-tag"),
    (b"a: !<%21> b\n", 1, 4, "yaml-tag"),
    (b"a: ! 'b'\n", 1, 4, "yaml-tag"),
    (b"a: [b, ! c]\n", 1, 8, "yaml-tag"),
    (b"a: {b: ! c}\n", 1, 8, "yaml-tag"),
    (b"a: ! [b]\n", 1, 4, "yaml-tag"),
    (b"a: !x {b: c}\n", 1, 4, "yaml-tag"),
    (b"! a: b\n", 1, 1, "yaml-tag"),
    (b"--- !x\na: b\n", 1, 5, "yaml-tag"),
    (b"a: !x!y b\n", 1, 4, "yaml-tag"),
    (b"a: &x b\n", 1, 4, "yaml-anchor"),
    (b"a: &x [b]\n", 1, 4, "yaml-anchor"),
    (b"&x a: b\n", 1, 1, "yaml-anchor"),
    (b"a:\n- *x\n", 2, 3, "yaml-alias"),
    (b"*x : b\n", 1, 1, "yaml-alias"),
    (b"a:\n  <<: {b: c}\n", 2, 3, "yaml-merge"),
    (b"%YAML 1.1\n---\na: b\n", 1, 1, "yaml-directive"),
    (b"%TAG ! tag:x:\n---\na: b\n", 1, 1, "yaml-directive"),
    (b"%X\n---\na: b\n", 1, 1, "yaml-directive"),
    (b"a: 1\nb: 2\na: 3\n", 3, 1, "yaml-duplicate"),
    ("\U0001f600: \U0001f600 # x\nb: {c: 1, c: 2}\n".encode(), 2, 11, "yaml-duplicate"),
    (b"? [a]\n: b\n", 1, 3, "yaml-key"),
    (b"{a: b}: c\n", 1, 1, "yaml-key"),
    (b"'': c\n", 1, 1, "yaml-key"),
    (b"? \n: c\n", 1, 2, "yaml-key"),
    (b"a: {b: {c: {d: {e: {f: {g: {h: {i: j}}}}}}}}\n", 1, 32, "yaml-depth"),
    (b"", 1, 1, "yaml-empty"),
    (b"# nothing\n", 2, 1, "yaml-empty"),
    (b"---\n", 1, 1, "yaml-root"),
    (b"a: b\n---\n- c\n", 2, 1, "yaml-root"),
    (b"text\n", 1, 1, "yaml-root"),
    (b"\xef\xbb\xbfa: b\n", 1, 1, "yaml-encoding"),
    ("a: b\n".encode("utf-16"), 1, 1, "yaml-encoding"),
    ("a: b\n".encode("utf-16-be"), 1, 1, "yaml-encoding"),
    ("a: b\n".encode("utf-32"), 1, 1, "yaml-encoding"),
    (b"SQLite format 3\0\x10\0\x01\x01", 1, 16, "yaml-character"),
    ("a: é\nb: caf".encode() + b"\xe9 x\n", 2, 7, "yaml-encoding"),
    ("a: é\nb: é".encode()[:-1], 2, 4, "yaml-encoding"),
    (b"a: \xed\xa0\x80\n", 1, 4, "yaml-encoding"),
    (b"a: \xc0\xaf\n", 1, 4, "yaml-encoding"),
    (b"a: b\nc: d\0e\n", 2, 5, "yaml-character"),
    (b"a: b\nc: \x1b[31m\n", 2, 4, "yaml-character"),
    (b"a: b\x7f\n", 1, 5, "yaml-character"),
    ("a: é\x9b31m\n".encode(), 1, 5, "yaml-character"),
    ("a: é\x85b\n".encode(), 1, 5, "yaml-character"),
    ("a: é\n# \u2028\n".encode(), 2, 3, "yaml-character"),
    ("a: \u2029\n".encode(), 1, 4, "yaml-character"),
    ("a: b\ufeff\n".encode(), 1, 5, "yaml-character"),
    ("a: \uffff\n".encode(), 1, 4, "yaml-character"),
    (b"a: b\rc: d\n", 1, 5, "yaml-character"),
    (b"a: b\r", 1, 5, "yaml-character"),
    (b'a: "\\U00110000"\n', 1, 7, "yaml-form"),
    (b"a: 'b\n", 2, 1, "yaml-form"),
    (b"a: [b\n", 2, 1, "yaml-form"),
    (b"a: {b: c\n", 2, 1, "yaml-form"),
    (b"a: b: c\n", 1, 5, "yaml-form"),
    (b"a:\n\tb: c\n", 2, 1, "yaml-form"),
    (b"a:\n   b: c\n  d: e\n", 3, 3, "yaml-form"),
    (b"a: b\n- c\n", 2, 1, "yaml-form"),
    (b"a: @b\n", 1, 4, "yaml-form"),
    (b"a: b\n...\nc: d\n", 3, 1, "yaml-form"),
]


@pytest.mark.parametrize(("content", "line", "column", "code"), REFUSED)
@pytest.mark.usefixtures("parser")
def test_what_is_refused_is_refused_where_it_stands(
    content: bytes, line: int, column: int, code: str
) -> None:
    error = refused(content)
    assert (error.sentence.split(" ")[0], error.code) == (f"f.yaml:{line}:{column}:", code)
    assert error.hint
    assert error.exit_code == 5


def test_what_is_refused_is_refused_at_once() -> None:
    for content, *_expected in REFUSED:
        refused(content)  # what is loaded once is loaded
        times = []
        for _ in range(3):
            began = time.process_time()
            refused(content)
            times.append(time.process_time() - began)
        assert min(times) < 0.010, content


@pytest.mark.parametrize("escape", ['"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"'])
@pytest.mark.usefixtures("parser")
def test_escaped_surrogates_are_no_characters(escape: str) -> None:
    assert refused(f"a: b\nc: {escape}\n".encode()).sentence.startswith("f.yaml:2:")


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("a: b\u2028c\n", 'leave it out, or write it as "\\u2028" in double quotes'),
        ("a: b\x85c\n", 'leave it out, or write it as "\\x85" in double quotes'),
    ],
)
def test_the_hint_says_how_to_write_a_separator(content: str, hint: str) -> None:
    assert refused(content.encode()).hint == hint


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.usefixtures("parser")
def test_it_makes_no_difference_how_the_bytes_arrive(size: int) -> None:
    for content, *_expected in REFUSED:
        with pytest.raises(InputError) as caught:
            list(read_documents(Dribble(content, size), "f.yaml"))
        byte_order_mark = content.startswith((b"\xff\xfe", b"\x00a", b"\xef"))
        if size > 3 or not byte_order_mark:  # those are named only if the first bytes come at once
            assert caught.value.sentence == refused(content).sentence
    text = "a: ភ្នំពេញ\r\nb: |\r\n  \U0001f600 ! x\r\n---\r\nc: d\r\n".encode()
    documents = [document.data for document in read_documents(Dribble(text, size), "f.yaml")]
    assert documents == [{"a": "ភ្នំពេញ", "b": "\U0001f600 ! x\n"}, {"c": "d"}]


def test_documents_before_a_fault_are_delivered_and_the_first_fault_is_told() -> None:
    documents = read_documents(io.BytesIO(b"a: b\n---\nc: d\n---\ne: !x f\n---\ng: \x1b\n"), "f.yaml")
    assert [next(documents), next(documents)] == [Document({"a": "b"}, 1), Document({"c": "d"}, 2)]
    with pytest.raises(InputError, match=r"^f.yaml:5:4: a tag"):
        next(documents)


@pytest.mark.parametrize(
    ("content", "place", "code"),
    [
        (b"a: b\n---\n" * 3 + b"a: b\n", "6:1", "yaml-documents"),
        (b"a: " + b"b" * 21, "1:4", "yaml-size"),
        (b"a: [b, c, d, e, f, g, h, i, j, k]\n", "1:32", "yaml-size"),
        (b"a: b\n" + b"#" * 3000, "1:1", "yaml-size"),
    ],
)
@pytest.mark.usefixtures("parser")
def test_every_cap_is_kept(content: bytes, place: str, code: str) -> None:
    documents = read_documents(io.BytesIO(content), "f.yaml", SMALL)
    with pytest.raises(InputError) as caught:
        list(documents)
    assert caught.value.sentence.startswith(f"f.yaml:{place}: ")
    assert caught.value.code == code


def test_a_plan_is_one_document() -> None:
    with pytest.raises(InputError, match=r"^p\.yaml:2:1: a second document begins here"):
        read_marked(io.BytesIO(b"a: b\n---\nc: d\n"), "p.yaml")


@pytest.mark.usefixtures("parser")
def test_marks_say_where_every_value_and_key_stands() -> None:
    plan = "# plan\nagencies:\n- code: KH-CNP\n  name: 'ភ្នំពេញ'\n- {code: \U0001f600, tags: [a, b]}\nempty: {}\nlast:\n"
    document = read_marked(io.BytesIO(plan.encode()), "p.yaml")
    assert document.data["empty"] == {}
    assert {
        path: (document.marks[path], document.key_marks[path])
        for path in [
            ("agencies",),
            ("agencies", 0),
            ("agencies", 0, "name"),
            ("agencies", 1, "code"),
            ("agencies", 1, "tags", 1),
            ("empty",),
        ]
    } == {
        ("agencies",): (Position(3, 1), Position(2, 1)),
        ("agencies", 0): (Position(3, 3), Position(3, 3)),
        ("agencies", 0, "name"): (Position(4, 9), Position(4, 3)),
        ("agencies", 1, "code"): (Position(5, 10), Position(5, 4)),
        ("agencies", 1, "tags", 1): (Position(5, 23), Position(5, 23)),
        ("empty",): (Position(6, 8), Position(6, 1)),
    }
    assert document.marks[()] == Position(2, 1)
    assert document.key_marks[("last",)] == Position(7, 1)
    for missing in [("nothing",), ("agencies", 2), ("agencies", -1), ("agencies", "code"), ("last", "x")]:
        assert missing not in document.marks
        with pytest.raises(KeyError):
            document.marks[missing]


def test_a_disk_that_fails_is_a_sentence_and_our_own_errors_pass() -> None:
    class Broken(io.RawIOBase):
        def __init__(self, error: Exception) -> None:
            self._pieces: list[bytes | Exception] = [b"a: b\n", error]

        def read(self, size: int = -1) -> bytes:
            piece = self._pieces.pop(0)
            if isinstance(piece, Exception):
                raise piece
            return piece

    with pytest.raises(InputError, match=r"^f\.yaml:2:1: .*Input/output error"):
        list(read_documents(Broken(OSError(5, "Input/output error")), "f.yaml"))
    with pytest.raises(Failure):
        list(read_documents(Broken(Failure("unsealing failed")), "f.yaml"))


def test_no_sentence_draws_itself_or_quotes_a_value() -> None:
    with pytest.raises(InputError) as caught:
        list(read_documents(io.BytesIO(b'"\\e]0;x": SECRET\n"\\e]0;x": 2\n'), "\x1b[31m.yaml"))
    assert caught.value.sentence.isprintable()
    for content in (
        b"a: SECRET: x\n",
        b"a: SECRET\n SECRET: x\n",
        b"a: 'SECRET\n",
        b"a: [SECRET\n",
        b"a: !x SECRET\n",
    ):
        error = refused(content)
        assert "SECRET" not in error.sentence + str(error.hint)


SAMPLE = """\
---
edit: q7m2x0d4k9t1c5ze.1/18
at: "2026-11-23T10:04:11.120Z/0"
set: {status: done, result: "a\\u2028é", list: [x, y]}
saw:
  status: {q7m2x0d4k9t1c5ze.1: '9'}
note: |
  two lines
   é 😀
---
edit: q7m2x0d4k9t1c5ze.1/19
""".encode()


def outcome(content: bytes) -> object:
    try:
        return read(content)
    except InputError as error:
        assert error.hint
        return None


def test_cut_at_every_byte_it_is_a_beginning_or_refused() -> None:
    first = read(SAMPLE)[0]
    for cut in range(len(SAMPLE)):
        found = outcome(SAMPLE[:cut])
        if cut > SAMPLE.rindex(b"---"):
            assert found is None or found[0] == first  # type: ignore[index]
        elif found is not None:
            (data,) = found  # type: ignore[misc]
            assert list(data) == list(first)[: len(data)]  # type: ignore[call-overload]


def test_with_any_byte_changed_it_is_strings_or_refused_and_both_parsers_agree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changed = [
        SAMPLE[:at] + bytes([SAMPLE[at] ^ flip]) + SAMPLE[at + 1 :]
        for at, flip in itertools.product(range(len(SAMPLE)), (0x01, 0x02, 0x10, 0x20, 0x80, 0xFF))
    ]
    fast = [outcome(content) for content in changed]
    assert 100 < sum(found is not None for found in fast) < len(changed) - 100
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    slow = [outcome(content) for content in changed]
    assert [c for c, f, s in zip(changed, fast, slow, strict=True) if f != s] == []


def run_apart(script: str) -> str:
    """Run ``script`` in a process of its own and return what it printed; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_million_levels_end_in_an_error_also_on_a_small_stack() -> None:
    output = run_apart(
        """
        import io, sys, threading
        from taskforce.errors import InputError
        from taskforce.sync.strict_yaml import read_documents, read_marked

        def read_all():
            for piece in (b"[", b"{a: ", b"- ", b"? ", b"a: [", b"[{"):
                for reader in (read_marked, lambda *given: list(read_documents(*given))):
                    try:
                        reader(io.BytesIO(piece * 1_000_000), "f")
                        print("read")
                    except InputError as error:
                        print(error.code)

        for _ in range(2):
            read_all()
            threading.stack_size(512 * 1024)
            thread = threading.Thread(target=read_all)
            thread.start()
            thread.join()
            sys.modules["yaml._yaml"] = None  # and once more with PyYAML's own parser
        """
    )
    codes = output.split()
    assert len(codes) == 48
    assert set(codes) == {"yaml-depth", "yaml-key"}


def test_hostile_files_are_refused_within_bounded_bytes_and_memory() -> None:
    output = run_apart(
        """
        import itertools
        from taskforce.errors import InputError
        from taskforce.sync.strict_yaml import read_documents, read_marked

        class Endless:
            def __init__(self, head, piece):
                self.pieces = itertools.chain([head], itertools.repeat(piece * (60_000 // len(piece))))
                self.given = 0
            def read(self, size):
                piece = next(self.pieces)
                self.given += len(piece)
                assert self.given < 40_000_000, "read without bound"
                return piece

        smile = "\\U0001f600".encode()
        for head, piece in (
            (b"a: ", b"x"), (b'a: "', smile), (b"a: |\\n", b" x\\n"), (b"# ", b"x"), (b"#\\n", b"#\\n"), (b"a: ", b" "),
            (b'a: "', b"\\n"), (b"a: &", b"x"), (b"a: !", b"x"), (b"a: !<", b"%20"), (b"%", b"x"), (b"? ", b"x"),
            (b"#\\n", b"%TAG !x! x\\n"), (b'a: "', b"x ! xxxxxxxxxxxx"), (b"a: [", b"x, "),
            (b"a:\\n", b"- [[[[[[]]]]]]\\n"),
            (b"a:\\n", b"- " + smile + b"x" * 24 + b"\\n"),
            (b"a:\\n", b"- " + smile + b"x" * 59_000 + b"\\n"),
        ):
            for reader in (read_marked, lambda *given: list(read_documents(*given))):
                try:
                    reader(Endless(head, piece), "f")
                    print("read", head, piece)
                except InputError:
                    pass
        print(peak())
        """
    )
    assert int(output) < 300  # MB; anything that was read instead of refused is no number


def test_memory_stays_flat_over_many_documents() -> None:
    output = run_apart(
        """
        from taskforce.sync.strict_yaml import read_documents

        class Many:
            left = 80
            def read(self, size):
                self.left -= 1
                return b"---\\na: {b: [c, d]}\\n" * 2_000 if self.left >= 0 else b""

        count, after = 0, []
        for document in read_documents(Many(), "f"):
            count += 1
            if count in (10_000, 160_000):
                after.append(peak())
        print(count, after[1] - after[0])
        """
    )
    count, grown = map(int, output.split())
    assert count == 160_000
    assert grown <= 2  # MB
