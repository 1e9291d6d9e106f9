"""Products that look like a product, fetched when that part of its page comes into view."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog import alt_texts, query_vectors, similar_products
from catalog.models import Image, Product
from catalog.query_vectors import SearchUnavailable
from catalog.roles import Role
from catalog.search import NotEmbedded
from catalog.views.access import role_required

STRIP = 8


@require_safe
@never_cache
@role_required(Role.STAFF, Role.MODERATOR)
def similar(request: HttpRequest, pk: int) -> HttpResponse:
    product = get_object_or_404(Product.objects.select_related("storefront"), pk=pk)
    context: dict[str, object] = {"product": product}
    try:
        encoder = query_vectors.active_encoder()
        found = similar_products.similar(product, encoder=encoder, limit=STRIP)
    except (NotEmbedded, SearchUnavailable) as error:
        context["impossible"] = str(error)
    else:
        images = alt_texts.readable(Image.objects.all()).in_bulk([each.image_id for each in found])
        context["encoder"] = encoder
        context["found"] = [
            (each, images[each.image_id]) for each in found if each.image_id in images
        ]
    return render(request, "catalog/_similar_products.html", context)
