"""Levels from CSV: an answer for every line, nothing written before it was read, and what is written is one whole."""

import csv
import html
import io
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from approvals import importing
from approvals.models import LevelHolder, Policy
from audit.models import Entry
from tests.approvals.admin.conftest import address, holder_of
from tests.approvals.web.making import queries_of, request_of, text
from tests.conftest import person

pytestmark = pytest.mark.django_db
HEAD = "username,level,valid_from,valid_until,kinds\n"


def upload(client, data):
    data = data.encode() if isinstance(data, str) else data
    return client.post(address("levelholder", "import"), {"file": SimpleUploadedFile("levels.csv", data)})


def kept(response):
    return html.unescape(re.search(r'name="kept" value="([^"]*)"', response.content.decode())[1])


def confirm(client, shown, **more):
    return client.post(address("levelholder", "import"), {"kept": kept(shown), **more}, follow=True)


def answers(data):
    seen = importing.preview(importing.text_of(data if isinstance(data, bytes) else data.encode()))
    assert not seen.problem
    return [(line.state, line.answer) for line in seen.lines]


def test_nothing_is_written_before_it_is_confirmed(admin_in, rita):
    shown = upload(admin_in, HEAD + "rita,vp,2026-01-01,2099-12-31,default\n")
    assert "1 would be given" in text(shown)
    assert not LevelHolder.objects.exists()
    assert not Entry.objects.exists()
    assert "Imported: 1 given" in text(confirm(admin_in, shown))
    holder = holder_of(rita)
    assert (holder.level.name, str(holder.valid_until), holder.only_kinds) == ("vp", "2099-12-31", ("default",))


def test_it_is_in_the_ledger_and_in_the_history_of_each(admin_in, rita, maria):
    confirm(admin_in, upload(admin_in, HEAD + "rita,vp,,,\nmaria,vp,,,\nmaria,manager,,2099-01-01,\n"))
    entries = {one.stream: one for one in Entry.objects.all()}
    assert [who["user"] for who in entries["level:vp"].data["people"]] == ["rita", "maria"]
    assert (entries["level:manager"].kind, entries["level:manager"].actor) == ("level.assigned", "admin")
    assert LogEntry.objects.filter(change_message="Imported from CSV.").count() == 3


WRONG = [
    ("nobody,vp,,,", "Nobody here is called"),
    (",vp,,,", "Nobody here is called"),
    ("otto,vp,,,", "is not active"),
    ("rita,king,,,", "There is no level “king”"),
    ("rita,vp,31.12.2026,,", "is not a day"),
    ("rita,vp,2026-02-30,,", "is not a day"),
    ("rita,vp,2026-02-01,2026-01-01,", "end before it begins"),
    ("rita,vp,,,yachts", "There is no kind “yachts”"),
    ("rita,vp", "2 cells instead of 5"),
    ("rita,vp,,,,,,", "8 cells instead of 5"),
    ('"rita,vp,,,', "A quotation mark is left open"),
    ("ri\x00ta,vp,,,", "no text"),
    ("x" * 200_000 + ",vp,,,", ""),
]


@pytest.mark.parametrize(("line", "answer"), WRONG)
def test_a_wrong_line_gets_its_answer_and_spoils_no_other(rita, maria, line, answer):
    person("otto", is_active=False)
    (first, said), (second, _said) = answers(HEAD + line + "\nmaria,vp,,,\n")
    assert (first, second) == ("wrong", "new")
    assert answer in said


def test_letters_in_another_encoding_are_the_wrong_of_their_line(rita, maria):
    data = HEAD.encode() + "müller,vp,,,\n".encode("latin-1") + b"maria,vp,,,\n"
    assert [state for state, _ in answers(data)] == ["wrong", "new"]
    assert "Not UTF-8" in answers(data)[0][1]


def test_the_same_person_and_level_twice_names_the_first_line(rita):
    seen = answers(HEAD + "rita,vp,,,\nrita,ceo,,,\nrita,vp,2026-01-01,,\n")
    assert [state for state, _ in seen] == ["new", "new", "wrong"]
    assert "as in line 2" in seen[2][1]


def test_what_is_there_already_is_not_written_again(admin_in, maria):
    assert [state for state, _ in answers(HEAD + "maria,manager,,,\n")] == ["same"]
    assert [state for state, _ in answers(HEAD + "maria,manager,2026-01-01,,\n")] == ["changed"]


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"\xff\xfeu\x00s\x00", b"name;rank\nx;y", b"username,level,level\n", b"username,level,pay\n"]
)
def test_a_file_that_is_none_gets_a_sentence(admin_in, data):
    response = upload(admin_in, data)
    assert response.status_code == 400
    assert "errornote" in response.content.decode()


@pytest.mark.parametrize(
    "head", ["username;level\n", "username\tlevel\n", '"username","level"\n', "\ufeffUsername,Level\r\n"]
)
def test_spreadsheets_write_it_in_many_ways(rita, head):
    mark = ";" if ";" in head else "\t" if "\t" in head else ","
    assert [state for state, _ in answers(head + f"rita{mark}vp\r\n")] == ["new"]


def test_no_file_at_all(admin_in):
    response = admin_in.post(address("levelholder", "import"), {})
    assert "Choose a file first" in text(response)


def test_what_is_right_is_imported_and_what_is_wrong_left_out(admin_in, rita):
    shown = upload(admin_in, HEAD + "rita,vp,,,\n<b>x</b>,vp,,,\n")
    assert "<b>x" not in shown.content.decode()
    assert "1 left out" in text(confirm(admin_in, shown))
    assert LevelHolder.objects.count() == 1


def test_the_answer_to_every_line_is_a_file_too(admin_in, rita):
    shown = upload(admin_in, HEAD + "rita,vp,,,\n=cmd(),vp,,,\n")
    rows = list(csv.DictReader(io.StringIO(confirm(admin_in, shown, answers="yes").content.decode())))
    assert [(row["line"], row["username"], row["result"]) for row in rows] == [
        ("2", "rita", "new"),
        ("3", "'=cmd()", "wrong"),
    ]


@pytest.mark.parametrize("forged", ["rubbish", ""])
def test_a_preview_that_was_tampered_with_is_not_carried_out(admin_in, forged):
    response = admin_in.post(address("levelholder", "import"), {"kept": forged})
    assert "Choose the file again" in text(response)


def test_the_preview_of_somebody_else_is_not_carried_out(admin_in, client, rita):
    shown = upload(admin_in, HEAD + "rita,vp,,,\n")
    client.force_login(User.objects.create_superuser("other"))
    assert "not yours" in text(confirm(client, shown))
    assert not LevelHolder.objects.exists()


def test_an_import_that_strands_says_so_first(admin_in, maria, rita):
    request = request_of(rita, "manager")
    shown = upload(admin_in, HEAD + "maria,manager,,2020-01-01,\n")
    asked = confirm(admin_in, shown)
    assert asked.status_code == 409
    assert request.reference in text(asked)
    assert holder_of(maria).valid_until is None
    confirm(admin_in, asked, strand="yes")
    assert str(holder_of(maria).valid_until) == "2020-01-01"


def test_only_who_may_give_levels_imports(client, maria):
    User.objects.filter(pk=maria.pk).update(is_staff=True)
    client.force_login(maria)
    assert client.get(address("levelholder", "import")).status_code == 403


def test_a_thousand_lines_ask_the_database_as_often_as_ten(rita):
    lines = [HEAD + "".join(f"user{n},vp,,,\n" for n in range(number)) for number in (10, 400)]
    assert len({queries_of(lambda text=text: importing.preview(text)) for text in lines}) == 1


def test_fifty_thousand_lines_are_answered_and_imported(admin_in):
    User.objects.bulk_create([User(username=f"user{n}") for n in range(12_500)], batch_size=1_000)
    Policy.objects.create(kind="travel", title="Travel")
    names = ("manager", "director", "vp", "ceo")
    lines = [f"user{n},{name},2026-01-01,2099-12-31,travel\n" for n in range(12_500) for name in names]
    shown = upload(admin_in, HEAD + "".join(lines))
    assert "50000 would be given" in text(shown).replace(",", "")
    assert "Imported: 50000 given" in text(confirm(admin_in, shown)).replace(",", "")
    assert LevelHolder.objects.count() == 50_000
    assert Entry.objects.filter(kind="level.assigned").count() == 100
    assert "More than 50,000 lines" in text(upload(admin_in, HEAD + "".join(lines) + "x,vp,,,\n"))
