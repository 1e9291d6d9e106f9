"""Health: is this web process alive, and can it reach what it needs?"""

import redis
from django.conf import settings
from django.db import connection
from django.db.utils import Error as DatabaseError
from django.http import HttpRequest, JsonResponse


def live(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """PostgreSQL answers (else 503). Redis is reported but not required: uploads are accepted
    without it and wait for the next ring."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        database = True
    except DatabaseError:
        database = False
    try:
        broker = bool(redis.from_url(settings.REDIS_URL, socket_timeout=1).ping())
    except redis.RedisError:
        broker = False
    return JsonResponse(
        {"status": "ok" if database else "unavailable", "database": database, "broker": broker},
        status=200 if database else 503,
    )
