"""Request types. The one module of studio/ that curation and training may import."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class SignedInRequest(HttpRequest):
    """A request that passed RoleMiddleware: there is a user, and the user may use this URL."""

    user: User
    htmx: HtmxDetails
