"""What was sent by webhook, and what could not be."""

import json
from datetime import datetime

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import receiving, webhooks
from accounts.admin.reading import Sent
from accounts.people import person
from accounts.receivers import Delivery


@admin.register(Delivery)
class DeliveryAdmin(Sent):
    list_display = ("made_at", "name", "what", "state", "why", "status", "tries", "tried_at")
    list_filter = ("state", "why", "receiver")
    search_fields = ("name", "stream", "event", "type")
    actions = ("send_again",)
    fields = (
        "about", "name", "what", "message_id", "state", "why", "status", "error", "tries", "made_at", "tried_at",
        "next_try", "event", "said",
    )  # fmt: skip
    readonly_fields = ("about", "what", "message_id", "next_try", "said")

    @admin.display(description=gettext_lazy("what"), ordering="type")
    def what(self, delivery: Delivery) -> str:
        return webhooks.title_of(delivery.type)

    @admin.display(description=gettext_lazy("next try"))
    def next_try(self, delivery: Delivery) -> datetime | None:
        return delivery.next_at if delivery.state == Delivery.State.WAITING else None

    @admin.display(description=gettext_lazy("data"))
    def said(self, delivery: Delivery) -> str:
        return format_html("<pre>{}</pre>", json.dumps(delivery.data, indent=1, ensure_ascii=False))

    @admin.action(description=gettext_lazy("Send again what was not delivered"), permissions=["send"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        deliveries = list(chosen.select_related("receiver").order_by("id"))
        sent = receiving.send_deliveries_again(deliveries=deliveries, by=person(request))
        if sent:
            said = ngettext("%(number)d delivery is sent again.", "%(number)d deliveries are sent again.", sent)
            self.message_user(request, said % {"number": sent}, messages.SUCCESS)
        if len(deliveries) > sent:
            said = _("Of those chosen, %(number)d were not given up, or have no active receiver: nothing is sent.")
            self.message_user(request, said % {"number": len(deliveries) - sent}, messages.WARNING)
