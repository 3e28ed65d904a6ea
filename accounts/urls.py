"""The addresses of the account."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.account, name="account"),
    path("password/", views.ChangePassword.as_view(), name="password"),
    path("reset/", views.Forgotten.as_view(), name="forgotten"),
    path("reset/sent/", views.ResetSent.as_view(), name="reset-sent"),
    path("reset/<uidb64>/<token>/", views.Reset.as_view(), name="reset-confirm"),
]
