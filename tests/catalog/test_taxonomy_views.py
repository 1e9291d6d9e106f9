"""The taxonomy pages: who may do what, the way from a file to a taxonomy, trees and prunes."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from catalog import storefronts, taxonomy_vectors
from catalog.encoders import LoadedEncoder
from catalog.models import (
    Category,
    Image,
    Storefront,
    StorefrontPrune,
    Tag,
    Taxonomy,
    TaxonomyDraft,
)
from catalog.views import taxonomies
from tests.catalog.test_taxonomy import AFTER, BEFORE, apply
from tests.pages import SignIn, tag

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def send(client: Client, data: bytes | str, name: str = "shop.csv", **more: Any) -> Any:
    content = data.encode() if isinstance(data, str) else data
    file = SimpleUploadedFile(name, content)
    return client.post(reverse("catalog:taxonomy_upload"), {"file": file}, **more)


@pytest.mark.parametrize("role", [None, "nobody", "moderator", "staff", "lead"])
@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("get", "taxonomies"),
        ("get", "taxonomy"),
        ("get", "taxonomy_state"),
        ("get", "category_children"),
        ("get", "storefront_taxonomy"),
        ("get", "taxonomy_draft"),
        ("post", "taxonomy_upload"),
        ("post", "taxonomy_draft"),
        ("post", "taxonomy_apply"),
        ("post", "taxonomy_discard"),
        ("post", "taxonomy_activate"),
        ("post", "choose_taxonomy"),
        ("post", "prune_category"),
    ],
)
def test_staff_look_and_leads_decide(
    method: str, name: str, role: str | None, sign_in: SignIn, storefront: Storefront
) -> None:
    shop = apply(BEFORE)
    client = sign_in(role)
    who = client.session.get("_auth_user_id") if role else None
    draft = None
    if who:
        draft = TaxonomyDraft.objects.create(
            data=BEFORE.encode(),
            filename="x.csv",
            slug="shop",
            name="Shop",
            version="2",
            uploaded_by_id=who,
        )
    fruit = shop.categories.get(external_id="f")
    args: dict[str, list[Any]] = {
        "taxonomies": [],
        "taxonomy_upload": [],
        "category_children": [fruit.pk],
        "storefront_taxonomy": [storefront.slug],
        "choose_taxonomy": [storefront.slug],
        "prune_category": [storefront.slug, fruit.pk],
    }
    if name.startswith(("taxonomy_draft", "taxonomy_apply", "taxonomy_discard")):
        args[name] = [draft.pk if draft else 1]
    url = reverse(f"catalog:{name}", args=args.get(name, [shop.slug]))
    response = getattr(client, method)(url)
    if role is None:
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("login"))
    elif role == "lead" or (
        role == "staff" and method == "get" and not name.startswith("taxonomy_draft")
    ):
        assert response.status_code in (200, 302, 422)
    else:
        assert response.status_code == 403
        assert not StorefrontPrune.objects.exists()
        assert TaxonomyDraft.objects.count() == 1


@pytest.mark.parametrize(
    "name", ["taxonomy_apply", "taxonomy_activate", "choose_taxonomy", "prune_category"]
)
def test_changes_are_posts_only(name: str, sign_in: SignIn) -> None:
    args = {"taxonomy_apply": [1], "prune_category": ["s", 1]}.get(name, ["s"])
    assert sign_in("lead").get(reverse(f"catalog:{name}", args=args)).status_code == 405


def test_from_a_file_to_a_taxonomy(sign_in: SignIn, photo: Image) -> None:
    client = sign_in("lead")
    response = send(client, BEFORE)
    draft = TaxonomyDraft.objects.get()
    address = reverse("catalog:taxonomy_draft", args=[draft.pk])
    assert response["Location"] == address
    page = client.get(address).text
    assert "A new taxonomy with <b" in page
    assert not Taxonomy.objects.exists()
    seen = client.get(address).context["changes"].digest
    apply_at = reverse("catalog:taxonomy_apply", args=[draft.pk])
    page = client.post(apply_at, {"seen": seen, "activate": "1"}, follow=True).text
    assert "is in place" in page
    assert Taxonomy.objects.get().is_active
    assert not TaxonomyDraft.objects.exists()

    mug = Category.objects.get(external_id="m")
    Tag.objects.filter(pk=tag(photo, "x", score=0.5).pk).update(category=mug)
    send(client, AFTER)
    draft = TaxonomyDraft.objects.get()
    page = client.get(reverse("catalog:taxonomy_draft", args=[draft.pk]))
    shown = {kind["name"]: (kind["count"], kind["tags"]) for kind in page.context["kinds"]}
    assert shown == {
        "retired": (1, 1),
        "renamed": (1, 0),
        "moved": (1, 0),
        "reworded": (1, 0),
        "added": (2, 0),
    }
    for words in ("on 1 photo<", "Fruit ▸ Apples", "No tag is lost"):
        assert words in page.text


def test_what_is_applied_is_what_was_shown(sign_in: SignIn) -> None:
    client = sign_in("lead")
    send(client, BEFORE)
    draft = TaxonomyDraft.objects.get()
    address = reverse("catalog:taxonomy_draft", args=[draft.pk])
    seen = client.get(address).context["changes"].digest
    apply(AFTER)  # by somebody else, meanwhile
    stood = list(Category.objects.values_list())
    apply_at = reverse("catalog:taxonomy_apply", args=[draft.pk])
    response = client.post(apply_at, {"seen": seen}, follow=True)
    assert "changed this taxonomy meanwhile" in response.text
    assert list(Category.objects.values_list()) == stood
    seen = response.context["changes"].digest
    client.post(apply_at, {"seen": seen})
    assert Category.objects.get(external_id="m").is_retired is False


def test_a_draft_can_be_compared_under_another_name_and_discarded(sign_in: SignIn) -> None:
    apply(BEFORE)
    client = sign_in("lead")
    send(client, BEFORE, "other.csv")
    draft = TaxonomyDraft.objects.get()
    assert draft.slug == "other"
    address = reverse("catalog:taxonomy_draft", args=[draft.pk])
    bad = client.post(address, {"slug": "Not a slug", "name": "x", "version": "1"})
    assert bad.status_code == 422
    assert "The slug “Not a slug” cannot be used" in bad.text
    page = client.post(address, {"slug": "shop", "name": "Shop", "version": "2"}, follow=True)
    assert "Nothing changes." in page.text
    client.post(reverse("catalog:taxonomy_discard", args=[draft.pk]))
    assert not TaxonomyDraft.objects.exists()
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty."),
        (b"\xff\xfe\x00x", "Save the file as UTF-8"),
        (b"id,name,parent\n1,A,9\n1,B,\n", "Line 3: the id “1” is used twice"),
        (b"x" * 100, "This is not a taxonomy."),
    ],
)
def test_a_bad_file_is_refused_with_the_reasons(data: bytes, said: str, sign_in: SignIn) -> None:
    response = send(sign_in("lead"), data)
    assert response.status_code == 422
    assert said in response.text
    assert not TaxonomyDraft.objects.exists()


def test_no_file_and_a_large_one_are_refused(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in("lead")
    response = client.post(reverse("catalog:taxonomy_upload"))
    assert (response.status_code, "Choose a taxonomy file first." in response.text) == (422, True)
    monkeypatch.setattr(taxonomies, "MAX_BYTES", 10)
    assert send(client, BEFORE).status_code == 422


def test_the_state_asks_again_until_all_is_encoded(sign_in: SignIn, encoder: LoadedEncoder) -> None:
    apply(BEFORE)
    client, address = sign_in("staff"), reverse("catalog:taxonomy_state", args=["shop"])
    page = client.get(address).text
    assert 'hx-trigger="every 2s"' in page
    assert "0 of 5 encoded" in page
    assert "Waiting for a pipeline worker." in page
    taxonomy_vectors.encode_missing(encoder=encoder)
    page = client.get(address).text
    assert "hx-trigger" not in page
    assert "Active" in page


def test_activating_waits_and_says_so(sign_in: SignIn) -> None:
    apply(BEFORE, "one")
    apply(AFTER, "two", activate=False)
    address = reverse("catalog:taxonomy_activate", args=["two"])
    page = sign_in("lead").post(address, follow=True).text
    assert "becomes active as soon as it is encoded" in page
    assert "Active once encoded" in page
    assert Taxonomy.objects.get(is_active=True).slug == "one"


def test_the_tree_is_read_a_level_at_a_time(sign_in: SignIn) -> None:
    shop = apply(BEFORE)
    client = sign_in("staff")
    page = client.get(reverse("catalog:taxonomy", args=["shop"])).text
    assert "Fruit" in page
    assert "Apple" not in page
    fruit = shop.categories.get(external_id="f")
    below = client.get(reverse("catalog:category_children", args=[fruit.pk]), headers=HTMX).text
    assert "Apple" in below
    assert "<html" not in below
    page = client.get(reverse("catalog:taxonomy", args=["shop"]) + "?at=a").text
    assert "<h2>Apple</h2>" in page
    assert "pomme" in page
    assert "Pear" in page  # its sibling: the tree is open down to it


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("apple", ["Apple"]),
        ("POMME", ["Apple"]),
        ("fruit", ["Fruit", "Pear", "Apple"]),
        ("fruit pear", ["Pear"]),
        ("zebra", []),
        ("%", []),
        ("\x00", None),
    ],
)
def test_categories_are_found_by_words(
    words: str, found: list[str] | None, sign_in: SignIn
) -> None:
    apply(BEFORE)
    response = sign_in("staff").get(
        reverse("catalog:taxonomy", args=["shop"]), {"q": words}, headers=HTMX
    )
    assert response.status_code == 200
    if found is None:
        assert "found" not in response.context
    else:
        assert [each.name for each in response.context["found"]] == found


def test_a_storefront_chooses_and_leaves_out(sign_in: SignIn, storefront: Storefront) -> None:
    shop = apply(BEFORE)
    client = sign_in("lead")
    address = reverse("catalog:storefront_taxonomy", args=[storefront.slug])
    assert "whichever is active (now shop 1)" in client.get(address).text
    choose = reverse("catalog:choose_taxonomy", args=[storefront.slug])
    assert client.post(choose, {"taxonomy": "none-such"}).status_code == 404
    page = client.post(choose, {"taxonomy": "shop"}, follow=True).text
    assert "is tagged with shop 1 from now on" in page
    storefront.refresh_from_db()
    assert storefront.taxonomy == shop

    fruit = shop.categories.get(external_id="f")
    prune = reverse("catalog:prune_category", args=[storefront.slug, fruit.pk])
    row = client.post(prune, headers=HTMX).text
    assert "left out" in row
    assert "Use again" in row
    assert StorefrontPrune.objects.get().category == fruit
    below = reverse("catalog:category_children", args=[fruit.pk])
    page = client.get(below, {"storefront": storefront.slug}, headers=HTMX).text
    assert page.count('class="branch out"') == 2
    assert "Leave out" not in page  # what is out with its parent is brought back with it
    client.post(prune, {"use": "1"})
    assert not StorefrontPrune.objects.exists()
    client.post(choose, {"taxonomy": ""})
    storefront.refresh_from_db()
    assert storefront.taxonomy is None


def test_a_retired_category_cannot_be_left_out(sign_in: SignIn, storefront: Storefront) -> None:
    shop = apply(BEFORE)
    apply(AFTER)
    mug = shop.categories.get(external_id="m")
    prune = reverse("catalog:prune_category", args=[storefront.slug, mug.pk])
    response = sign_in("lead").post(prune, headers=HTMX, follow=True)
    assert response.status_code == 200
    assert not StorefrontPrune.objects.exists()


def test_pages_without_any_taxonomy_say_what_to_do(sign_in: SignIn, storefront: Storefront) -> None:
    client = sign_in("lead")
    assert "No taxonomy yet" in client.get(reverse("catalog:taxonomies")).text
    address = reverse("catalog:storefront_taxonomy", args=[storefront.slug])
    assert "No taxonomy is active" in client.get(address).text
    assert client.get(reverse("catalog:taxonomy", args=["none"])).status_code == 404


def test_a_storefronts_own_prunes_show_on_its_page(
    sign_in: SignIn, storefront: Storefront, make_user: Any
) -> None:
    shop = apply(BEFORE)
    fruit = shop.categories.get(external_id="f")
    storefronts.prune(storefront=storefront, category=fruit, by=make_user("lea"))
    page = sign_in("staff").get(reverse("catalog:storefront_taxonomy", args=[storefront.slug])).text
    assert "Left out" in page
    assert "lea" in page
    assert "Use again" not in page  # staff look
