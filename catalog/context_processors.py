"""What every template may ask for."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from catalog.models import Encoder


def encoder_notice(request: HttpRequest) -> dict[str, object]:
    """`mini_encoder`: the active encoder if it is the small bundled one, for the plain notice.

    Lazy: only pages that show tags ask, once, one row by its unique index. That is cheap enough
    not to need a cache, which would go stale when an operator switches the encoder.
    """
    return {
        "mini_encoder": SimpleLazyObject(
            lambda: Encoder.objects.filter(is_active=True, is_mini=True).first()
        )
    }
