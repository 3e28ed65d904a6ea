"""The addresses of circuits. A program may name its service in any way: hence a path, what is longer first."""

from django.urls import path

from circuits import views

app_name = "circuits"
urlpatterns = [
    path("", views.index, name="index"),
    path("<path:service>/order/<uuid:order_id>/", views.receipt, name="receipt"),
    path("<path:service>/order/", views.order, name="order"),
    path("<path:service>/", views.show, name="circuit"),
]
