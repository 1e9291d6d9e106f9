"""Pages of products and duplicates: who may, what they show, and what bad input gets."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from benchmarks.photos import encoder_of
from catalog import grouping, products
from catalog.choices import Status
from catalog.models import AltText, DuplicateGroup, Image, Product, Storefront
from catalog.views import products as pages
from tests.catalog.test_grouping import see
from tests.conftest import Picture
from tests.pages import SignIn, tag

HTMX = {"HX-Request": "true"}


@pytest.fixture
def mug(storefront: Storefront) -> Product:
    return products.upsert(storefront=storefront, sku="MUG-1", title="Mug")


@pytest.fixture
def shown(mug: Product, upload: Callable[..., Image], picture: Picture) -> list[Image]:
    made = [upload(picture("mug", n), filename=f"{n}.jpg") for n in range(2)]
    Image.objects.update(product=mug, status=Status.LIVE, screened_at=timezone.now())
    return made


@pytest.fixture
def group(shown: list[Image], storefront: Storefront) -> DuplicateGroup:
    encoder = encoder_of(8)
    for image in shown:
        see(image, 0, encoder)
    grouping.catch_up(storefront=storefront, encoder=encoder)
    return DuplicateGroup.objects.get()


READING = {None: 302, "nobody": 403, "moderator": 200, "staff": 200, "lead": 200}
WRITING = {None: 302, "nobody": 403, "moderator": 403, "staff": 302, "lead": 302}


@pytest.mark.parametrize("role", READING)
def test_who_may_look(
    role: str | None, sign_in: SignIn, mug: Product, group: DuplicateGroup
) -> None:
    client = sign_in(role)
    for path in ("/products/", f"/products/{mug.pk}/", f"/products/{mug.pk}/similar/"):
        response = client.get(path)
        assert response.status_code == READING[role], path
    staff_only = READING[role] if role != "moderator" else 403
    for path in ("/duplicates/", f"/products/{mug.pk}/names/?to=m"):
        assert client.get(path).status_code == staff_only, path


@pytest.mark.parametrize("role", WRITING)
def test_who_may_change(
    role: str | None,
    sign_in: SignIn,
    mug: Product,
    shown: list[Image],
    group: DuplicateGroup,
) -> None:
    client, last = sign_in(role), shown[1]
    calls: list[tuple[str, dict[str, object]]] = [
        (f"/products/{mug.pk}/edit/", {"sku": "MUG-2", "title": "Cup"}),
        (f"/products/{mug.pk}/cover/", {"photo": last.pk}),
        (f"/products/{mug.pk}/order/", {"photo": last.pk, "by": "earlier"}),
        (f"/products/{mug.pk}/move/", {"photo": last.pk, "out": "yes"}),
        (f"/photos/{last.pk}/alt-text/", {"text": "A mug"}),
        (f"/duplicates/{group.pk}/ignore/", {}),
        (f"/duplicates/{group.pk}/heed/", {}),
        (f"/duplicates/{group.pk}/merge/", {"photo": shown[0].pk}),
        (f"/duplicates/{group.pk}/keep/now/", {"photo": shown[0].pk}),
    ]
    for path, data in calls:
        assert client.post(path, data).status_code == WRITING[role], path
        assert client.get(path).status_code in (403, 405), path
    mug.refresh_from_db()
    may = role in ("staff", "lead")
    assert (mug.sku, mug.title) == (("MUG-2", "Cup") if may else ("MUG-1", "Mug"))
    assert Image.objects.filter(pk=last.pk).exists() is not may
    assert AltText.objects.count() == 0  # it went with its photo


def test_pages_hold_every_product_once_while_others_arrive(
    sign_in: SignIn, storefront: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE_SIZE", 3)
    for number in range(7):
        products.upsert(storefront=storefront, sku=f"P{number}")
    client, seen, address = sign_in("staff"), list[str](), "/products/"
    while address:
        response = client.get(address)
        seen += [card.product.sku for card in response.context["cards"]]
        products.upsert(storefront=storefront, sku=f"LATE{len(seen)}")
        older = response.context["page"].older
        address = f"/products/?before={older.replace('+', '%2B')}" if older else ""
    assert seen == ["P6", "P5", "P4", "P3", "P2", "P1", "P0"]


@pytest.mark.parametrize(
    "query",
    [
        "before=x",
        "before=2026-01-01T00:00:00%2B00:00~x",
        f"before=2026-01-01T00:00:00%2B00:00~{10**30}",
        "after=2026-01-01~1",
        "q=%00",
        "category=%00",
        "without=everything",
        "storefront=none",
    ],
)
def test_odd_addresses_are_answered(query: str, sign_in: SignIn, mug: Product) -> None:
    assert sign_in("staff").get(f"/products/?{query}").status_code == 200


@pytest.mark.parametrize("query", ["after=x", f"after=2~{10**30}", "after=~", "storefront=%00"])
def test_odd_addresses_of_duplicates_are_answered(
    query: str, sign_in: SignIn, group: DuplicateGroup
) -> None:
    assert sign_in("staff").get(f"/duplicates/?{query}").status_code == 200


def test_filters_and_what_is_not_understood(
    sign_in: SignIn, mug: Product, shown: list[Image], storefront: Storefront
) -> None:
    products.upsert(storefront=storefront, sku="NONE")
    tag(shown[0], "Mug", score=0.9)
    client = sign_in("staff")

    def skus(query: str) -> list[str]:
        return [card.product.sku for card in client.get(f"/products/?{query}").context["cards"]]

    assert skus("without=photos") == ["NONE"]
    assert skus("category=mug") == ["MUG-1"]
    assert skus("q=mug&storefront=corner-shop") == ["MUG-1"]
    page = client.get("/products/?category=zebra").content.decode()
    assert "No category is called “zebra”" in page
    assert "No product matches" in client.get("/products/?q=zebra").content.decode()


def test_sandboxes_are_left_out_unless_asked_for(
    sign_in: SignIn, mug: Product, group: DuplicateGroup, storefront: Storefront
) -> None:
    client = sign_in("staff")
    live = Storefront.objects.create(name="Live", slug="live")
    Storefront.objects.filter(pk=storefront.pk).update(sandbox_of=live)
    assert client.get("/products/").context["cards"] == []
    assert client.get("/duplicates/").context["cards"] == []
    [card] = client.get("/products/?storefront=corner-shop").context["cards"]
    assert card.product == mug
    [shown] = client.get("/duplicates/?storefront=corner-shop").context["cards"]
    assert shown.group == group


@pytest.mark.parametrize(
    ("path", "data", "said"),
    [
        ("cover", {"photo": "x"}, "no photo of the product"),
        ("cover", {"photo": str(UUID(int=5))}, "not one of the product any more"),
        ("order", {"photo": str(UUID(int=5))}, "not one of the product any more"),
        ("order", {"order": ["1", "2"]}, "no photo of the product"),
        ("move", {"photo": str(UUID(int=5)), "to": "X"}, "not one of the product any more"),
    ],
)
def test_bad_input_is_told_and_changes_nothing(
    path: str,
    data: dict[str, object],
    said: str,
    sign_in: SignIn,
    mug: Product,
    shown: list[Image],
) -> None:
    client = sign_in("staff")
    response = client.post(f"/products/{mug.pk}/{path}/", data, headers=HTMX)
    assert response.status_code == 200
    assert said in response.content.decode()
    assert not mug.events.exists()
    assert client.post(f"/products/999999/{path}/", data).status_code == 404


def test_moving_to_a_product_there_is_not(
    sign_in: SignIn, mug: Product, shown: list[Image], other_storefront: Storefront
) -> None:
    products.upsert(storefront=other_storefront, sku="THEIRS")
    client = sign_in("staff")
    for sku, said in (("THEIRS", "has no product with the SKU THEIRS"), ("", "Type the SKU")):
        data = {"photo": str(shown[0].pk), "to": sku}
        page = client.post(f"/products/{mug.pk}/move/", data, headers=HTMX).content.decode()
        assert said in page
    assert "THEIRS" not in client.get(f"/products/{mug.pk}/names/?to=the").content.decode()
    shown[0].refresh_from_db()
    assert shown[0].product == mug


def test_alt_texts_are_edited_where_they_are_shown(sign_in: SignIn, shown: list[Image]) -> None:
    client, photo = sign_in("staff"), shown[0]
    address = f"/photos/{photo.pk}/alt-text/"
    page = client.post(address, {"text": "A blue mug"}, headers=HTMX).content.decode()
    assert "<q>A blue mug</q>" in page
    assert "Written by the-staff" in page
    page = client.post(address, {"text": "x" * 251}, headers=HTMX).content.decode()
    assert "251 characters" in page
    assert "x" * 251 in page  # what was typed is not lost
    assert AltText.objects.get().text == "A blue mug"
    photo_page = client.get(f"/photos/{photo.pk}/").content.decode()
    assert 'alt="A blue mug"' in photo_page
    page = client.post(address, {"proposal": "yes"}, headers=HTMX).content.decode()
    assert "<q>Mug</q>" in page  # the product's title
    assert client.post(f"/photos/{UUID(int=5)}/alt-text/", {"text": "x"}).status_code == 404


def test_a_group_that_changed_meanwhile_is_told(
    sign_in: SignIn, group: DuplicateGroup, shown: list[Image]
) -> None:
    client, keep, key = sign_in("staff"), {"photo": str(shown[0].pk)}, group.pk
    asked = client.get(f"/duplicates/{key}/keep/", keep, headers=HTMX)
    assert "Erase 1 photo for good?" in asked.content.decode()
    assert asked["HX-Retarget"] == "#dialogs"
    bad = client.get(f"/duplicates/{key}/keep/", {"photo": "x"}, headers=HTMX)
    assert "Choose the photo that should stay first" in bad.content.decode()
    group.delete()
    for path in ("ignore", "heed", "merge", "keep/now"):
        page = client.post(f"/duplicates/{key}/{path}/", keep, headers=HTMX)
        assert "has changed meanwhile" in page.content.decode(), path
    assert Image.objects.count() == 2


def test_without_the_script_pages_answer_with_pages(
    client: Client,
    make_user: Callable[..., User],
    group: DuplicateGroup,
    shown: list[Image],
    mug: Product,
) -> None:
    client.force_login(make_user("sam", "staff"))
    data = {"photo": str(shown[1].pk)}
    page = client.post(f"/products/{mug.pk}/order/", data | {"by": "earlier"}, follow=True)
    names = [photo.image.filename for photo in page.context["photos"]]
    assert names == ["1.jpg", "0.jpg"]
    page = client.get(f"/duplicates/{group.pk}/keep/", data)
    assert "Erase 1 and keep one" in page.content.decode()
    page = client.post(f"/duplicates/{group.pk}/keep/now/", data, follow=True)
    assert "Kept one, erased 1 photo." in page.content.decode()
