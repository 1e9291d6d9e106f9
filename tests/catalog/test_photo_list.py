"""The grid of photos: filters in the URL and keyset pages."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.choices import Source, Status
from catalog.models import Image, Product, Storefront
from tests.conftest import Picture
from tests.pages import SignIn

pytestmark = pytest.mark.django_db


def shown(response: object) -> list[str]:
    pattern = r'href="/photos/([0-9a-f-]{36})/" data-item'
    return re.findall(pattern, response.text)  # type: ignore[attr-defined]


def test_filters_are_in_the_url(
    photo: Image,
    upload: Callable[..., Image],
    picture: Picture,
    other_storefront: Storefront,
    sign_in: SignIn,
) -> None:
    theirs = upload(picture("vase"), to=other_storefront, filename="vase-7.jpg")
    Image.objects.filter(pk=theirs.pk).update(status=Status.HELD)
    client, url = sign_in("staff"), reverse("catalog:photos")
    assert set(shown(client.get(url))) == {str(photo.pk), str(theirs.pk)}
    assert shown(client.get(url, {"status": "held"})) == [str(theirs.pk)]
    assert shown(client.get(url, {"storefront": photo.storefront.slug})) == [str(photo.pk)]
    assert shown(client.get(url, {"q": "VASE"})) == [str(theirs.pk)]
    product = Product.objects.create(storefront=photo.storefront, sku="MUG-99")
    Image.objects.filter(pk=photo.pk).update(product=product)
    assert shown(client.get(url, {"q": "mug-9"})) == [str(photo.pk)]
    nothing = client.get(url, {"q": "zebra"})
    assert shown(nothing) == []
    assert "No photo matches" in nothing.text
    for hostile in ({"q": "\x00"}, {"storefront": "\x00"}, {"before": "~"}, {"after": "x~y"}):
        assert client.get(url, hostile).status_code == 200


def test_keyset_pages_meet_without_gap_or_overlap(
    storefront: Storefront,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from catalog.views import paging

    monkeypatch.setattr(paging.page_of, "__kwdefaults__", {"before": "", "after": "", "size": 3})
    start = timezone.now()
    made = [
        Image.objects.create(
            storefront=storefront,
            source=Source.API,
            sha256=f"{n:064}",
            format="jpeg",
            width=1,
            height=1,
            size_bytes=1,
        )
        for n in range(7)
    ]
    for n, image in enumerate(made):  # pairs share an instant: the id decides between them
        Image.objects.filter(pk=image.pk).update(created_at=start + timedelta(seconds=n // 2))
    expected = [
        str(pk) for pk in Image.objects.order_by("-created_at", "-id").values_list("pk", flat=True)
    ]
    client, url = sign_in("staff"), reverse("catalog:photos")

    pages, query = [], ""
    while True:
        response = client.get(url + query)
        pages.append(shown(response))
        following = re.search(r'rel="next" href="(\?[^"]+)"', response.text)
        if not following:
            break
        query = following[1].replace("&amp;", "&")
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [pk for page in pages for pk in page] == expected

    back = re.search(r'rel="prev" href="(\?[^"]+)"', response.text)
    assert back
    assert shown(client.get(url + back[1].replace("&amp;", "&"))) == pages[1]


def test_an_empty_catalog_says_what_to_do(sign_in: SignIn) -> None:
    page = sign_in("staff").get(reverse("catalog:photos")).text
    assert "No photos yet" in page
    assert reverse("catalog:upload") in page
