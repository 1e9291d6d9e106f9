"""Products as storefronts name them."""

from catalog.models import Product, Storefront


def upsert(*, storefront: Storefront, sku: str, title: str = "") -> Product:
    """The storefront's product with this SKU, made if new; a title that is given replaces."""
    product, created = Product.objects.get_or_create(
        storefront=storefront, sku=sku, defaults={"title": title}
    )
    if not created and title and product.title != title:
        product.title = title
        product.save(update_fields=["title"])
    return product
