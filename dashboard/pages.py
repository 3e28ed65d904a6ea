"""The addresses of the shell: home, signing in and out, health, metrics."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from dashboard.demo.views import turn
from dashboard.health import healthz
from dashboard.metrics import metrics
from dashboard.signin import SignIn, sign_in_as
from dashboard.views import home

urlpatterns = [
    path("", home, name="home"),
    path("accounts/login/", SignIn.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/demo/", sign_in_as, name="demo-sign-in"),
    path("demo/<slug:service>/", turn, name="demo-service"),
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
]
