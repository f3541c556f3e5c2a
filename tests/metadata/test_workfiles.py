"""Files are saved against what was seen: the second of two people is told, nothing is lost."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata import UserError
from metadata.errors import MetadataError
from metadata.merging import marked, merged
from metadata.workfiles import Edit, SaveConflict, clash_of, file_names, open_file, save

NAME = "mappings/person.yaml"


@pytest.fixture
def root(write):
    return write()


@pytest.fixture
def notes(tmp_path_factory):
    return tmp_path_factory.mktemp("notes") / "studio"


def test_a_save_writes_what_was_edited_and_gives_the_new_mark(root, notes):
    seen = open_file(root, NAME)
    (saved,) = save(root, notes, [Edit(NAME, seen.text + "# more\n", seen.mark)], "mary")
    assert (root / NAME).read_text() == seen.text + "# more\n"
    assert saved == open_file(root, NAME) and saved.mark != seen.mark
    assert [p.name for p in (root / "mappings").iterdir() if p.name.startswith(".")] == []


def test_the_second_is_told_who_and_when_and_nothing_is_overwritten(root, notes):
    seen = open_file(root, NAME)
    before = datetime.now(UTC)
    save(root, notes, [Edit(NAME, "# of mary\n" + seen.text, seen.mark)], "mary")
    with pytest.raises(SaveConflict) as told:
        save(root, notes, [Edit(NAME, "# of john\n" + seen.text, seen.mark)], "john")
    (clash,) = told.value.clashes
    assert clash.by == "mary" and before <= clash.at <= datetime.now(UTC)
    assert clash.now.text.startswith("# of mary")
    assert "mary" in str(told.value.issues[0])
    assert (root / NAME).read_text().startswith("# of mary")


def test_a_change_by_another_program_is_noticed_too(root, notes):
    seen = open_file(root, NAME)
    (root / NAME).write_text("# by an editor\n" + seen.text)
    clash = clash_of(root, notes, Edit(NAME, seen.text, seen.mark))
    assert clash.by == "" and clash.at is not None and clash.now.text.startswith("# by an editor")


def test_a_file_removed_or_made_meanwhile_is_a_conflict(root, notes):
    seen = open_file(root, NAME)
    (root / NAME).unlink()
    with pytest.raises(SaveConflict, match="removed"):
        save(root, notes, [Edit(NAME, "x: 1\n", seen.mark)], "john")
    assert open_file(root, "lookups/new.yaml") is None
    (root / "lookups").mkdir()
    (root / "lookups/new.yaml").write_text("lookup: a\nvalues: {A: B}\n")
    with pytest.raises(SaveConflict):
        save(root, notes, [Edit("lookups/new.yaml", "lookup: b\n", None)], "john")


def test_of_several_files_all_are_written_or_none(root, notes):
    first, second = open_file(root, NAME), open_file(root, "sources/shop.yaml")
    (root / "sources/shop.yaml").write_text(second.text + "# theirs\n")
    edits = [Edit(NAME, "# mine\n" + first.text, first.mark),
             Edit("sources/shop.yaml", "# mine\n" + second.text, second.mark)]  # fmt: skip
    with pytest.raises(SaveConflict) as told:
        save(root, notes, edits, "john")
    assert [clash.name for clash in told.value.clashes] == ["sources/shop.yaml"]
    assert (root / NAME).read_text() == first.text


def test_of_many_at_once_exactly_one_wins(root, notes):
    seen = open_file(root, NAME)

    def attempt(number):
        try:
            save(root, notes, [Edit(NAME, f"# {number}\n{seen.text}", seen.mark)], str(number))
        except SaveConflict as conflict:
            return conflict.clashes[0].by
        return number

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(16)))
    (winner,) = [each for each in results if isinstance(each, int)]
    assert (root / NAME).read_text().startswith(f"# {winner}\n")
    assert {each for each in results if each != winner} == {str(winner)}


def test_files_may_be_made_and_removed(root, notes):
    save(root, notes, [Edit("lookups/deep/new.yaml", "lookup: a\n", None)], "mary")
    made = open_file(root, "lookups/deep/new.yaml")
    assert made.text == "lookup: a\n"
    assert "lookups/deep/new.yaml" in file_names(root)
    assert save(root, notes, [Edit("lookups/deep/new.yaml", None, made.mark)], "mary") == ()
    assert open_file(root, "lookups/deep/new.yaml") is None


def test_line_ends_the_mark_of_utf8_and_permissions_stay(root, notes):
    path = root / NAME
    path.write_bytes(b"\xef\xbb\xbfentity: person\r\n")
    os.chmod(path, 0o640)
    seen = open_file(root, NAME)
    assert seen.text == "entity: person\r\n"
    save(root, notes, [Edit(NAME, seen.text + "x: 1\r\n", seen.mark)], "mary")
    assert path.read_bytes() == b"\xef\xbb\xbfentity: person\r\nx: 1\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    "name",
    ["../x.yaml", "mappings/../../x.yaml", "/etc/x.yaml", "var/x.yaml", "mappings/x.txt", "x.yaml",
     "mappings/.hidden.yaml", "mappings", "mappings/a\nb.yaml", "mappings\\x.yaml", ""],
)  # fmt: skip
def test_only_definition_files_are_touched(root, notes, name):
    with pytest.raises(UserError):
        save(root, notes, [Edit(name, "x", None)], "mallory")
    with pytest.raises(UserError):
        open_file(root, name)


def test_a_link_that_leads_out_is_not_followed(root, notes, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.yaml"
    outside.write_text("secret: 1\n")
    (root / "mappings/link.yaml").symlink_to(outside)
    with pytest.raises(UserError, match="leads out"):
        open_file(root, "mappings/link.yaml")


def test_a_file_that_is_no_text_is_told_by_line(root):
    (root / NAME).write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(MetadataError) as told:
        open_file(root, NAME)
    assert told.value.issues[0].where.line == 2


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n"]), max_size=12)


@given(LINES, LINES)
def test_a_change_meets_no_change(base, mine):
    before, after = "".join(base), "".join(mine)
    assert merged(before, after, before) == after
    assert merged(before, before, after) == after
    assert merged(before, after, after) == after


@given(LINES, LINES, LINES, LINES)
def test_changes_of_distant_parts_come_together(head, tail, new_head, new_tail):
    middle = ["=== one\n", "=== two\n", "=== three\n"]
    parts = ["".join([*h, *middle, *t]) for h, t in
             ((head, tail), (new_head, tail), (head, new_tail), (new_head, new_tail))]  # fmt: skip
    base, mine, theirs, both = parts
    assert merged(base, mine, theirs) == both


def _taking(together, side):
    """The text that is left when everywhere the one side is chosen."""
    kept, within = [], None
    for line in together.splitlines(keepends=True):
        if line.startswith(("<<<<<<<", "=======", ">>>>>>>")):
            within = {"<": "mine", "=": "theirs", ">": None}[line[0]]
        elif within in (None, side):
            kept.append(line)
    return "".join(kept)


@given(LINES, LINES, LINES)
def test_where_changes_meet_both_are_there_to_be_chosen_from(base, mine, theirs):
    before, own, other = ("".join(each) for each in (base, mine, theirs))
    together = marked(before, own, other)
    clean = merged(before, own, other)
    if clean is not None:
        assert "<<<<<<<" not in together and together == clean
    if before in (own, other):
        assert together == (other if before == own else own)
    if "<<<<<<<" in together:
        assert _taking(together, "mine") != _taking(together, "theirs")


def test_marks_stand_around_what_both_changed():
    together = marked("a\nb\nc\nd\n", "A\nb\nc\nD\n", "a!\nb\nc\nd\n")
    assert together.splitlines() == [
        "<<<<<<< yours", "A", "=======", "a!", ">>>>>>> theirs", "b", "c", "D",
    ]  # fmt: skip
