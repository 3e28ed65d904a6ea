"""The account page, and Django's views for passwords in our templates."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import services
from accounts.forms import ForgottenForm, PreferencesForm
from accounts.models import preferences_of


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Everybody's own, and nobody else's."""
    form = PreferencesForm(request.POST or None, instance=preferences_of(request.user))
    if request.method == "POST" and form.is_valid():
        services.save_preferences(by=request.user, **form.cleaned_data)  # type: ignore[arg-type]
        messages.success(request, _("Saved. It counts from now on, on pages that are open as well."))
        return redirect("accounts:account")
    status = 422 if form.is_bound else 200
    return render(request, "accounts/account.html", {"form": form, "judged": form.is_bound}, status=status)


class ChangePassword(views.PasswordChangeView):
    template_name = "accounts/password.html"
    success_url = reverse_lazy("accounts:account")

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        services.note_new_password(by=form.user, how="changed")
        messages.success(self.request, _("Your password is changed. Wherever else you were signed in, you are not."))
        return answer


class Forgotten(views.PasswordResetView):
    template_name = "accounts/forgotten.html"
    form_class = ForgottenForm
    success_url = reverse_lazy("accounts:reset-sent")


class ResetSent(views.PasswordResetDoneView):
    template_name = "accounts/reset_sent.html"


class Reset(views.PasswordResetConfirmView):
    """The link of the letter. It changes nothing by itself: only the form that it shows does."""

    template_name = "accounts/reset.html"
    success_url = reverse_lazy("login")

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        services.note_new_password(by=form.user, how="reset")
        messages.success(self.request, _("Your new password is set. Sign in with it."))
        return answer
