"""URLs of the chat."""

from django.urls import path

from chat import views
from chat.consumers import ChatConsumer

urlpatterns = [
    path("api/messages", views.messages, name="messages"),
    path("api/report", views.report, name="report"),
]

consumers = {"/ws": ChatConsumer}
