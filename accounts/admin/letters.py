"""The outbox of mail: the outbox alone knows what went out."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import receiving
from accounts.admin.reading import Sent
from accounts.models import Letter
from accounts.people import person


@admin.register(Letter)
class LetterAdmin(Sent):
    list_display = ("made_at", "name", "kind", "state", "why", "tries", "tried_at")
    list_filter = ("state", "kind", "why")
    search_fields = ("name", "address", "stream")
    actions = ("send_again",)
    fields = ("about", "kind", "name", "address", "state", "why", "error", "tries", "made_at", "tried_at", "next_at")
    readonly_fields = ("about",)

    @admin.action(description=gettext_lazy("Send again what was not delivered"), permissions=["send"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Letter]) -> None:
        letters = chosen.select_related("user", "user__preferences")
        sent, over = receiving.send_letters_again(letters=letters, by=person(request))
        if sent:
            self.message_user(request, _again(sent), messages.SUCCESS)
        if over:
            said = ngettext(
                "%(number)d was not sent again: what it tells of does not matter any more, or it is nobody's.",
                "%(number)d were not sent again: what they tell of does not matter any more, or they are nobody's.",
                over,
            )
            self.message_user(request, said % {"number": over}, messages.WARNING)
        if not sent and not over:
            self.message_user(request, _("Nothing was chosen that was given up. Nothing is sent."), messages.WARNING)


def _again(number: int) -> str:
    said = ngettext("%(number)d letter is sent again.", "%(number)d letters are sent again.", number)
    return said % {"number": number}
