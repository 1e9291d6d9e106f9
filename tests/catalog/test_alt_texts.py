"""Alt texts: what is proposed, and that what somebody wrote stands."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from catalog import alt_texts, products
from catalog.alt_texts import AltTextRefused
from catalog.alt_wording import LIMIT, Known, sentence
from catalog.choices import AltTextSource, EventKind
from catalog.models import AltText, Event, Image, Storefront, Tag
from tests.pages import tag

LONG = "lorem ipsum " * 30


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        # Nothing, or next to nothing, is known
        (Known(), ""),
        (Known(colours=["blue"]), ""),
        (Known(title="Sunrise"), "Sunrise"),
        (Known(title="  a  sunrise \n"), "A sunrise"),
        (Known(category="Mug"), "Mug"),
        (Known(category="Coffee & Tea Cups"), "Coffee & Tea Cups"),
        # Attributes come before the thing, in the order in which English has them
        (Known("Mug", ["blue"], ["striped"], ["ceramic"]), "Blue striped ceramic mug"),
        (Known("Mug", ["Blue", "White"]), "Blue and white mug"),
        (Known("Mug", ["red", "green", "blue"]), "Multicoloured mug"),
        (Known("Mug", [], ["solid"], ["ceramic"]), "Ceramic mug"),
        (Known("Mug", ["blue"], ["none"]), "Blue mug"),
        (Known("Coffee & Tea Cups", ["red"]), "Red coffee & tea cups"),
        # Words that are capitalised for another reason stay
        (Known("T-Shirt", ["white"]), "White T-Shirt"),
        (Known("USB Cables", ["black"]), "Black USB cables"),
        # What the category says already is not said twice
        (Known("Wooden spoon", ["brown"], [], ["wood"]), "Brown wooden spoon"),
        (Known("Ceramic mug", [], [], ["ceramic"]), "Ceramic mug"),
        # With a title
        (Known("Mug", ["blue"], title="Sunrise"), "Blue mug, Sunrise"),
        (
            Known("Mug", ["blue"], ["striped"], title="Mug “Sunrise”"),
            "Mug “Sunrise”, blue, striped",
        ),
        (Known("Mugs", title="Sunrise mug"), "Sunrise mug"),
        (Known("Mug", ["blue"], title="A blue mug by Ana"), "A blue mug by Ana"),
        (
            Known("Toy blaster", ["orange"], title="Water fun 3000"),
            "Orange toy blaster, Water fun 3000",
        ),
        # Nobody needs to be told that a picture is a picture
        (Known("Mug", title="Image of a mug"), "A mug"),
        (Known("Mug", title="Photo of the sea"), "Mug, the sea"),
        (Known(title="Picture frame"), "Picture frame"),
        (Known("Picture frame", ["gold"]), "Gold picture frame"),
        # Names of files say nothing
        (Known(title="IMG_2034.jpg"), ""),
        (Known("Mug", title="DSC00012"), "Mug"),
        (Known("Mug", title="mug-front-final2.PNG"), "Mug"),
        # Signs that cannot be heard
        (Known("Mug\x00\n", title="Sun\u202erise\t2."), "Mug, Sun rise 2"),
        (Known("Krug", title="Krug „Morgenröte“"), "Krug „Morgenröte“"),
        (Known("杯子", title="蓝色的日出"), "杯子, 蓝色的日出"),
    ],
)
def test_sentences(known: Known, wanted: str) -> None:
    assert sentence(known) == wanted


@pytest.mark.parametrize(
    "known",
    [
        Known("Mug", title=LONG),
        Known("Mug", ["blue"], ["striped"], ["ceramic"], f"mug {LONG}"),
        Known("Mug", title="x" * 300),
        Known("M" * 200),
        Known("M" * 200, ["blue"], title=LONG),
        Known(LONG, ["blue"], ["striped"], ["ceramic"], LONG),
        Known(title=LONG),
        Known("x" * 115, title="Sunrise at the sea"),
    ],
)
def test_no_sentence_is_too_long_nor_ends_within_a_word_it_could_leave_out(known: Known) -> None:
    found = sentence(known)
    assert 0 < len(found) <= LIMIT
    assert "  " not in found
    assert not found.endswith((" ", ","))
    if "lorem" in found:
        assert set(found.casefold().replace("…", " ").replace(",", " ").split()) <= {
            *("lorem", "ipsum", "mug", "blue", "striped", "ceramic"),
        }
    for word in ("blue", "striped", "ceramic"):
        if known.category == "Mug" and known.colours:
            assert word in found


@pytest.fixture
def sam(make_user: Callable[..., User]) -> User:
    return make_user("sam", "staff")


def read(image: Image) -> alt_texts.Shown:
    return alt_texts.shown(alt_texts.readable(Image.objects.filter(pk=image.pk)).get())


def test_proposals_follow_what_is_known(photo: Image, storefront: Storefront, sam: User) -> None:
    found = read(photo)
    assert (found.text, found.source) == ("", AltTextSource.PROPOSED)
    assert found.reason == alt_texts.NOTHING_KNOWN
    mug = products.upsert(storefront=storefront, sku="MUG-1", title="Sunrise")
    products.assign(image_id=photo.pk, product=mug, by=sam)
    assert read(photo).text == "Sunrise"
    tag(photo, "Kettle", score=0.6)
    assert read(photo).text == "Kettle, Sunrise"
    mug_tag = tag(photo, "Mug", score=0.5)
    Tag.objects.filter(pk=mug_tag.pk).update(rank=2, is_confirmed=True)
    found = read(photo)
    assert found.text == "Mug, Sunrise"  # a person's word counts for more than a score
    assert found.reason == "Proposed from the tag Mug and the product's title."


def test_an_own_text_stands_until_somebody_takes_the_proposal(photo: Image, sam: User) -> None:
    tag(photo, "Kettle", score=0.6)
    assert alt_texts.set_text(image_id=photo.pk, text="  A blue\n mug ", by=sam)
    assert not alt_texts.set_text(image_id=photo.pk, text="A blue mug", by=sam)
    found = read(photo)
    assert (found.text, found.source, found.proposed) == ("A blue mug", "edited", "Kettle")
    assert found.own
    assert found.own.edited_by == sam
    Tag.objects.all().delete()
    tag(photo, "Vase", score=0.9)
    found = read(photo)
    assert (found.text, found.proposed) == ("A blue mug", "Vase")
    assert alt_texts.set_text(image_id=photo.pk, text="From the shop")
    assert AltText.objects.get().edited_by is None
    assert alt_texts.use_proposal(image_id=photo.pk, by=sam)
    assert not alt_texts.use_proposal(image_id=photo.pk, by=sam)
    assert (read(photo).text, read(photo).source) == ("Vase", AltTextSource.PROPOSED)
    events = Event.objects.filter(kind=EventKind.ALT_TEXT_EDITED).order_by("id")
    assert [(each.data["before"], each.data["after"], each.actor) for each in events] == [
        (None, "A blue mug", sam),
        ("A blue mug", "From the shop", None),
        ("From the shop", None, sam),
    ]


@pytest.mark.parametrize(
    ("text", "said"), [("", "is empty"), (" \n ", "is empty"), ("x" * 251, "251 characters")]
)
def test_what_is_no_alt_text_is_refused(photo: Image, sam: User, text: str, said: str) -> None:
    alt_texts.set_text(image_id=photo.pk, text="Before", by=sam)
    with pytest.raises(AltTextRefused, match=said):
        alt_texts.set_text(image_id=photo.pk, text=text, by=sam)
    assert AltText.objects.get().text == "Before"
