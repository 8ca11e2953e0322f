"""Folders of knowledge: every kind, other people's names, overriding, and what is wrong with a file."""

from __future__ import annotations

import pytest

from accelcore.errors import UsageError
from accelcore.knowledge import IDEA, Knowledge, Rules, read
from accelcore.values import Move

ISA = "Basics.\n\n## Loads\nTwo a cycle.\n\n### load\nReads.\n\n### gather\nSlow.\n\n## Sums\n### add\nAdds.\n"


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(text)
    return folder


def test_every_kind(tmp_path):
    folder = write(
        tmp_path,
        architecture_md="One core.\n",
        isa_md=ISA,
        menu_yaml="- plain text\n- name: unroll\n  text: by four,\n    or eight\n",
        translate_yaml="- map loads\n",
        rules_yaml="general: [keep it right]\nplanning: [one thing]\ncoding:\n  - no threads\n",
    )
    (folder / "examples").mkdir()
    (folder / "examples" / "dot.c").write_text("int dot;\n")
    found = read(folder)
    assert found.architecture == "One core."
    assert [s.title for s in found.isa] == ["", "Loads", "Sums"]
    assert [e.title for e in found.isa[1].entries] == ["load", "gather"]
    assert found.isa[1].head == "## Loads\nTwo a cycle."
    assert found.menu == (Move(IDEA, "plain text"), Move(IDEA, "unroll: by four, or eight"))
    assert found.translate == (Move(IDEA, "map loads"),)
    assert found.rules == Rules(("keep it right",), ("one thing",), ("no threads",))
    assert [(e.name, e.text) for e in found.examples] == [("dot.c", "int dot;")]


def test_folders_with_the_longer_names(tmp_path):
    folder = write(
        tmp_path,
        isa_docs_md="## Loads\nTwo a cycle.\n",
        optimization_menu_yaml="general:\n  - tile\nspecific:\n  - fuse\n",
        translation_menu_yaml="- map loads\n",
        code_examples_md="## dot\nSUMMARY: a dot product\n```c\n## no heading\n```\n\n## sum\nSUMMARY: a sum\n",
    )
    found = read(folder)
    assert [m.text for m in found.menu] == ["tile", "fuse"]
    assert [e.name for e in found.examples] == ["dot", "sum"]
    assert "## no heading" in found.examples[0].text
    assert found.translate and found.isa[0].title == "Loads"


def test_the_last_folder_that_has_a_kind_counts(tmp_path):
    ours = write(tmp_path / "ours", architecture_md="Ours.", menu_yaml="- ours\n")
    mine = write(tmp_path / "mine", optimization_menu_yaml="- mine\n")
    found = read(ours, mine)
    assert (found.architecture, [m.text for m in found.menu]) == ("Ours.", ["mine"])
    assert read(None, None) == Knowledge()


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "no knowledge in this folder"),
        ({"menu_yaml": "- a\n", "optimization_menu_yaml": "- b\n"}, "say the same thing"),
        ({"menu_yaml": "just words"}, r"menu\.yaml: it must be a list"),
        ({"menu_yaml": "- 3\n"}, "neither a text nor"),
        ({"menu_yaml": "- {name: a, other: b}\n"}, "neither a text nor"),
        ({"menu_yaml": "- [unclosed\n"}, "it is no YAML"),
        ({"menu_yaml": "- !!python/object/apply:os.getcwd []\n"}, "it is no YAML"),
        ({"rules_yaml": "style: [short]\n"}, "there are no rules 'style'"),
        ({"rules_yaml": "- note: this\n"}, "put it in quotes"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, files, why):
    with pytest.raises(UsageError, match=why):
        read(write(tmp_path / "folder", **files))


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "isa.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"isa\.md: it cannot be read"):
        read(tmp_path)
    with pytest.raises(UsageError, match="no folder"):
        read(tmp_path / "absent")
