"""The addresses of the limits of queues."""

from django.urls import path

from circuits.limits import views

app_name = "limits"
urlpatterns = [
    path("", views.index, name="index"),
    path("<path:queue>/order/<uuid:order_id>/", views.receipt, name="receipt"),
    path("<path:queue>/order/", views.order, name="order"),
]
