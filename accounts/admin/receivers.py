"""Who is told by webhook: the only place in which receivers are added, tested and given secrets."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from accounts import receiving, webhooks
from accounts.hosts import Failed
from accounts.people import person
from accounts.receivers import Delivery, Receiver
from accounts.seen import SeenForm
from live.writes import write

SHOWN = "webhook secrets to show"
"""In the session, which the database keeps as it keeps the secrets; taken out of it when it is shown."""


class ReceiverForm(SeenForm):
    types = forms.MultipleChoiceField(
        label=gettext_lazy("Events"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: all of them, and those that come later."),
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        had = {kind: kind for kind in self.instance.types}
        if "types" in self.fields:
            self.fields["types"].choices = list({**had, **webhooks.types()}.items())  # type: ignore[attr-defined]

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"]).strip()
        try:
            settings.WEBHOOK_HOSTS.check(url)
        except Failed as failed:
            raise ValidationError(_why_not(failed.code)) from None
        return url


def _why_not(code: str) -> str:
    if code == "not_allowed":
        return _(
            "Leitstand may not call this host. Whoever runs the site adds it to LEITSTAND_WEBHOOK_HOSTS and starts "
            "Leitstand again; then it can be saved."
        )
    if code == "plain":
        return _(
            "This host may be called over https only. Write https://, or have http:// put before it in "
            "LEITSTAND_WEBHOOK_HOSTS."
        )
    return _(
        "This cannot be called. Write it as https://host/path, without user and password, spaces, or a part after #; "
        "at most 2,000 characters."
    )


@admin.register(Receiver)
class ReceiverAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ReceiverForm
    list_display = ("name", "url", "active", "how_it_goes", "to_send", "not_delivered")
    list_filter = ("active",)
    search_fields = ("name", "url")
    fields = ("name", "url", "types", "active", "seen")
    change_list_template = "admin/accounts/receiver/change_list.html"
    change_form_template = "admin/accounts/receiver/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Receiver]:
        waiting, failed = _number(Delivery.State.WAITING), _number(Delivery.State.FAILED)
        rows: QuerySet[Receiver] = super().get_queryset(request)
        return rows.annotate(number_waiting=waiting, number_failed=failed)

    def get_urls(self) -> list[Any]:
        ours = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"accounts_receiver_{name}")
            for name, view in (("secret", never_cache(self.secret)), ("renew", self.renew), ("test", self.test))
        ]
        return [*ours, *super().get_urls()]

    # --- in the list ---------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("how it goes"))
    def how_it_goes(self, receiver: Receiver) -> str:
        if not receiver.active:
            return _("switched off")
        if not receiver.failures:
            return _("well")
        return _("does not take it: %(number)d tries in a row") % {"number": receiver.failures}

    @admin.display(description=gettext_lazy("to be sent"))
    def to_send(self, receiver: Receiver) -> str:
        return _deliveries(receiver, Delivery.State.WAITING, receiver.number_waiting)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("not delivered"))
    def not_delivered(self, receiver: Receiver) -> str:
        return _deliveries(receiver, Delivery.State.FAILED, receiver.number_failed)  # type: ignore[attr-defined]

    # --- saving --------------------------------------------------------------------------------------------------

    def changeform_view(self, request: HttpRequest, *args: Any, **more: Any) -> Any:
        if request.method != "POST":
            return super().changeform_view(request, *args, **more)
        with write():
            return super().changeform_view(request, *args, **more)

    def save_model(self, request: HttpRequest, obj: Receiver, form: Any, change: bool) -> None:
        if change and not form.has_changed():
            return
        receiving.keep(receiver=obj, by=person(request))
        if not change:
            _show_once(request, obj.pk, obj.secret)

    def delete_model(self, request: HttpRequest, obj: Receiver) -> None:
        receiving.remove(receiver=obj, by=person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Receiver]) -> None:
        for receiver in queryset:
            receiving.remove(receiver=receiver, by=person(request))

    def response_add(self, request: HttpRequest, obj: Receiver, post_url_continue: Any = None) -> HttpResponse:
        """First of all the secret: it is shown now or never."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(reverse("admin:accounts_receiver_secret", args=[obj.pk]))

    # --- pages of its own ----------------------------------------------------------------------------------------

    def secret(self, request: HttpRequest, pk: int) -> HttpResponse:
        receiver = self._of(request, pk)
        found = request.session.get(SHOWN, {})
        shown = found.pop(str(pk), "")
        if shown:
            request.session[SHOWN] = found
        return self._page(request, receiver, "secret", _("The secret of %(name)s"), shown=shown)

    def renew(self, request: HttpRequest, pk: int) -> HttpResponse:
        receiver = self._of(request, pk)
        if request.method != "POST":
            return self._page(request, receiver, "renew", _("A new secret for %(name)s"))
        _show_once(request, pk, receiving.renew(receiver=receiver, by=person(request)))
        self.log_change(request, receiver, _("New secret."))
        return HttpResponseRedirect(reverse("admin:accounts_receiver_secret", args=[pk]))

    def test(self, request: HttpRequest, pk: int) -> HttpResponse:
        receiver = self._of(request, pk)
        back = reverse("admin:accounts_receiver_change", args=[pk])
        if request.method != "POST":
            return HttpResponseRedirect(back)
        if not receiver.active or not settings.WEBHOOK_HOSTS:
            said = _("No test was sent: the receiver is switched off, or webhooks are.")
            self.message_user(request, said, messages.ERROR)
            return HttpResponseRedirect(back)
        delivery = receiving.test(receiver=receiver, by=person(request))
        said = _("A test is sent. This page says what came of it; load it again in a moment.")
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:accounts_delivery_change", args=[delivery.pk]))

    def _of(self, request: HttpRequest, pk: int) -> Receiver:
        receiver = get_object_or_404(Receiver, pk=pk)
        if not self.has_change_permission(request, receiver):
            raise PermissionDenied
        return receiver

    def _page(self, request: HttpRequest, receiver: Receiver, name: str, title: str, **more: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title % {"name": receiver.name},
            "opts": self.opts,
            "original": receiver,
            **more,
        }
        return TemplateResponse(request, f"admin/accounts/receiver/{name}.html", context)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().changelist_view(request, {**(extra_context or {}), "webhooks_off": not settings.WEBHOOK_HOSTS})

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **more: Any) -> HttpResponse:
        context["webhooks_off"] = not settings.WEBHOOK_HOSTS
        return super().render_change_form(request, context, *args, **more)


def _show_once(request: HttpRequest, pk: int, secret: str) -> None:
    request.session[SHOWN] = {**request.session.get(SHOWN, {}), str(pk): secret}


def _number(state: str) -> Coalesce:
    """By the indexes of what waits and of what failed, however much was delivered."""
    found = Delivery.objects.filter(receiver=OuterRef("pk"), state=state).order_by().values("receiver")
    return Coalesce(Subquery(found.annotate(number=Count("pk")).values("number")), 0)


def _deliveries(receiver: Receiver, state: str, number: int) -> str:
    if not number:
        return "0"
    address = reverse("admin:accounts_delivery_changelist")
    wanted = f"{address}?receiver__id__exact={receiver.pk}&state__exact={state}"
    return format_html('<a href="{}">{}</a>', wanted, number)
