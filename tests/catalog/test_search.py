"""Searches against brute force: every way to search, filters, pages, tenants, encoders."""

import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone
from pgvector import HalfVector

from benchmarks.photos import SHARES, Photos, copy_images, draw, fill, unit
from catalog import duplicates, embedding, hnsw, indexing, nearest, query_vectors, search
from catalog.choices import Status
from catalog.encoders import LoadedEncoder
from catalog.models import (
    Category,
    CategoryVector,
    Embedding,
    Image,
    PerceptualHash,
    Product,
    QueryVector,
    Tag,
)
from catalog.places import Place, PlaceLost
from catalog.search import Filters, Query
from tests.catalog.searching import (
    DIMENSION,
    assert_best,
    drop_indexes,
    exactly,
    follow,
    of,
    queries,
    recall,
)

COUNT = 3000
CLUSTERS = 20


@pytest.fixture
def photos(db: None) -> Photos:
    """No index: everything is scanned."""
    return fill(400, DIMENSION, clusters=CLUSTERS, tags=True)


@pytest.fixture
def indexed(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Photos]:
    """Two thirds sealed, the rest growing. In so small a catalog the index is used all the same."""
    monkeypatch.setattr(nearest, "EXACT_UP_TO", 100)
    photos = fill(COUNT, DIMENSION, clusters=CLUSTERS, tags=True)
    late = list(Embedding.objects.order_by("pk").values_list("image_id", "vector"))[-1000:]
    Embedding.objects.filter(image_id__in=[key for key, _ in late]).delete()
    indexing.build(encoder=photos.encoder)
    embedding.store(
        encoder_id=photos.encoder.pk,
        image_ids=[key for key, _ in late],
        vectors=np.stack([np.asarray(vector, np.float32) for _, vector in late]),
    )
    yield photos
    drop_indexes(photos.encoder)


def know(text: str, vector: np.ndarray, photos: Photos) -> None:
    """As if a worker had encoded the text."""
    query_vectors._keep(photos.encoder, query_vectors._digest_of_text(text), vector)


def found(results: search.Results) -> list[uuid.UUID]:
    return [hit.image_id for hit in results.hits]


class TestWaysToSearch:
    def test_text_finds_photos(self, photos: Photos) -> None:
        vector = queries(photos, 1)[0]
        know("A red  mug", vector, photos)
        results = search.search(Query(text="a red mug"), among=Image.objects.all(), limit=10)
        assert len(results.hits) == 10
        assert_best(photos, vector, found(results))
        own = photos.vectors[photos.ids.index(results.hits[0].image_id)]
        assert results.hits[0].score == pytest.approx(float(own @ vector), abs=1e-3)

    def test_a_photo_finds_others_and_not_itself(self, photos: Photos) -> None:
        image = Image.objects.get(pk=photos.ids[7])
        results = search.search(Query(like=image), among=Image.objects.all(), limit=10)
        assert len(results.hits) == 10
        assert_best(photos, photos.vectors[7], found(results), ~_is(photos, 7))

    @pytest.mark.parametrize("weight", [0.0, 0.25, 0.5, 1.0])
    def test_text_and_photo_are_blended_by_weight(self, weight: float, photos: Photos) -> None:
        text = queries(photos, 2)[1]
        know("mug", text, photos)
        seen = photos.vectors[7]
        blended = unit((1 - weight) * text + weight * seen)
        image = Image.objects.get(pk=photos.ids[7])
        results = search.search(
            Query(text="mug", like=image, weight=weight), among=Image.objects.all(), limit=10
        )
        np.testing.assert_allclose(results.vector, blended, atol=1e-4)
        half = blended.astype(np.float16).astype(np.float32)
        assert_best(photos, half, found(results), ~_is(photos, 7))

    def test_opposites_do_not_cancel_out(self) -> None:
        vector = unit(np.ones(4, np.float32))
        np.testing.assert_array_equal(query_vectors.blend(-vector, vector, 0.5), vector)

    def test_a_vector_finds_the_nearest_categories(self, photos: Photos) -> None:
        categories = list(Category.objects.order_by("position"))
        vectors = photos.vectors[:CLUSTERS]
        CategoryVector.objects.bulk_create(
            CategoryVector(
                category=category,
                encoder=photos.encoder,
                words_digest="d",
                template_version="v",
                vector=HalfVector(vector),
            )
            for category, vector in zip(categories, vectors, strict=True)
        )
        categories[3].is_retired = True
        categories[3].save()
        rows = search.nearest_categories(
            vectors[3], encoder=photos.encoder, taxonomy=categories[0].taxonomy, limit=4
        )
        scores = vectors @ vectors[3]
        scores[3] = -1
        assert [row.pk for row, _ in rows] == [categories[n].pk for n in np.argsort(-scores)[:4]]
        assert rows[0][1] == pytest.approx(float(scores.max()), abs=1e-3)

    def test_similar_products_are_one_photo_each_and_not_its_own(self, photos: Photos) -> None:
        shop = photos.storefronts[-1]
        products = [Product.objects.create(storefront=shop, sku=f"p{n}") for n in range(40)]
        for number, key in enumerate(photos.ids):  # ten photos each; neighbours often share one
            Image.objects.filter(pk=key).update(
                storefront=shop, product=products[photos.clusters[number] % 20 + number % 2]
            )
        image = Image.objects.get(pk=photos.ids[7])
        results = search.search(Query(like=image), among=of(shop), limit=15, per_product=True)
        best: dict[int, uuid.UUID] = {}
        product_of = dict(Image.objects.values_list("pk", "product_id"))
        for key in exactly(photos, photos.vectors[7]):
            best.setdefault(product_of[key], key)
        del best[image.product_id]
        assert found(results) == list(best.values())[:15]
        assert results.cursor == ""

    def test_nothing_asked_is_refused(self, photos: Photos) -> None:
        with pytest.raises(search.NothingAsked):
            search.search(Query(), among=Image.objects.all(), limit=10)

    def test_a_photo_without_a_vector_cannot_be_searched_by(self, photos: Photos) -> None:
        Embedding.objects.filter(image_id=photos.ids[0]).delete()
        image = Image.objects.get(pk=photos.ids[0])
        with pytest.raises(search.NotEmbedded):
            search.search(Query(like=image), among=Image.objects.all(), limit=10)

    @pytest.mark.django_db
    def test_before_the_first_encoder_nothing_can_be_searched(self) -> None:
        with pytest.raises(query_vectors.SearchUnavailable, match="No worker has loaded"):
            search.search(Query(text="mug"), among=Image.objects.all(), limit=10)

    def test_vectors_of_another_encoder_are_not_compared(self, photos: Photos) -> None:
        other = fill(60, DIMENSION * 2, clusters=3, seed=3)  # the active one from now on
        vector = other.vectors[0]
        know("mug", vector, other)
        results = search.search(Query(text="mug"), among=Image.objects.all(), limit=1000)
        assert len(results.hits) == 60
        assert_best(other, vector, found(results))
        image = Image.objects.get(pk=photos.ids[0])
        with pytest.raises(search.NotEmbedded):
            search.search(Query(like=image), among=Image.objects.all(), limit=10)


def _is(photos: Photos, *numbers: int) -> np.ndarray:
    mask = np.zeros(len(photos.ids), bool)
    mask[list(numbers)] = True
    return mask


class TestFilters:
    def test_every_filter_narrows_and_all_together(self, photos: Photos) -> None:
        shop = photos.storefronts[0]
        now = timezone.now()
        keys = np.array(photos.ids)
        held = photos.clusters % 3 == 0
        Image.objects.filter(pk__in=list(keys[held])).update(status=Status.HELD)
        old = np.arange(len(keys)) < 200
        Image.objects.filter(pk__in=list(keys[old])).update(created_at=now - timedelta(days=9))
        category = Category.objects.get(external_id="c3")
        below = Category.objects.get(external_id="c6")
        below.parent = category
        below.save()
        under = (photos.clusters == 3) | (photos.clusters == 6)
        week = now - timedelta(days=7)
        cases = [
            (Filters(status=Status.HELD), held),
            (Filters(storefront=shop.slug), photos.shops == 0),
            (Filters(category=category), under),
            (Filters(category=below), photos.clusters == 6),
            (Filters(since=week), ~old),
            (Filters(until=week), old),
            (
                Filters(Status.HELD, shop.slug, category, until=week),
                held & (photos.shops == 0) & under & old,
            ),
            (Filters(storefront="no-such"), np.zeros(len(keys), bool)),
        ]
        vector = queries(photos, 1)[0]
        know("mug", vector, photos)
        for filters, mask in cases:
            results = search.search(
                Query(text="mug", filters=filters), among=Image.objects.all(), limit=500
            )
            assert len(results.hits) == mask.sum()
            assert_best(photos, vector, found(results), mask)

    def test_a_photo_tagged_by_another_encoder_is_not_in_the_category(self, photos: Photos) -> None:
        category = Category.objects.get(external_id="c3")
        fill(10, DIMENSION, clusters=2, seed=9)
        vector = queries(photos, 1)[0]
        query_vectors._keep(
            query_vectors.active_encoder(), query_vectors._digest_of_text("mug"), vector
        )
        results = search.search(
            Query(text="mug", filters=Filters(category=category)),
            among=Image.objects.all(),
            limit=10,
        )
        assert Tag.objects.filter(category=category).exists()
        assert found(results) == []

    def test_selective_filters_return_exactly_as_many_as_asked(self, indexed: Photos) -> None:
        for number, share in enumerate(SHARES):
            mask = indexed.shops == number
            matching = int(mask.sum())
            assert matching == round(share * COUNT)
            ways, found = set(), []
            for vector in queries(indexed, 20):
                for limit in (1, 10):
                    page = nearest.nearest(
                        vector,
                        encoder=indexed.encoder,
                        among=of(indexed.storefronts[number]),
                        limit=limit,
                    )
                    assert len(page.hits) == min(limit, matching)
                    found.append(recall(indexed, vector, page, mask))
                    ways.add(page.exact)
            assert np.mean(found) >= 0.99
            assert ways == {share < 0.1}  # exact where few match

    def test_matches_that_lie_elsewhere_are_found_all_the_same(
        self, indexed: Photos, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The statistics promise a tenth, and none of it is anywhere near the query."""
        monkeypatch.setattr(nearest, "EF_LIMIT", 500)
        vector = indexed.vectors[0]
        far = np.array(exactly(indexed, vector))[-COUNT // 10 :]
        shop = indexed.storefronts[-1]
        Image.objects.filter(pk__in=list(far)).update(storefront=shop)
        Image.objects.filter(storefront=shop).exclude(pk__in=list(far)).update(
            storefront=indexed.storefronts[0]
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE catalog_image")
        page = nearest.nearest(vector, encoder=indexed.encoder, among=of(shop), limit=10)
        assert page.exact
        assert len(page.hits) == 10
        mask = np.isin(np.array(indexed.ids), far)
        assert_best(indexed, vector, [hit.image_id for hit in page.hits], mask)

    def test_what_grows_is_found_beside_what_is_sealed(self, indexed: Photos) -> None:
        index = hnsw.current(indexed.encoder)
        assert index
        rows = Embedding.objects.filter(indexing.growing(indexed.encoder, index.generation))
        new = set(rows.values_list("image_id", flat=True))
        assert len(new) == 1000
        everything = Image.objects.all()
        met: set[bool] = set()
        for vector in queries(indexed, 20):
            page = nearest.nearest(vector, encoder=indexed.encoder, among=everything, limit=10)
            assert not page.exact
            assert recall(indexed, vector, page) >= 0.9
            met |= {hit.image_id in new for hit in page.hits}
        assert met == {True, False}


class TestPages:
    @pytest.mark.parametrize("limit", [7, 100])
    def test_pages_to_the_end_hold_every_photo_once(self, limit: int, indexed: Photos) -> None:
        for vector in queries(indexed, 2):
            pages = follow(indexed, vector, of(indexed.storefronts[0]), limit)
            own = indexed.shops == 0
            assert sorted(pages) == sorted(exactly(indexed, vector, own))
            assert_best(indexed, vector, pages, own)  # here the first page missed nothing

    def test_pages_stay_whole_while_photos_arrive_and_are_sealed(self, indexed: Photos) -> None:
        shop = indexed.storefronts[0]
        stop = threading.Event()

        def disturb() -> None:
            """Photos arrive, the index takes them in and is built anew, all at the same time."""
            seed = 100
            try:
                while not stop.is_set():
                    vectors, _ = draw(40, DIMENSION, clusters=CLUSTERS, seed=seed)
                    ids = [uuid.uuid4() for _ in range(40)]
                    copy_images(ids, [shop.pk] * 40)
                    embedding.store(encoder_id=indexed.encoder.pk, image_ids=ids, vectors=vectors)
                    indexing.seal(encoder=indexed.encoder, seconds=0.2)
                    if seed % 5 == 0:
                        indexing.build(encoder=indexed.encoder)
                    seed += 1
            finally:
                connection.close()

        thread = threading.Thread(target=disturb)
        thread.start()
        try:
            for vector in queries(indexed, 4):
                there = set(
                    Embedding.objects.filter(image__storefront=shop).values_list(
                        "image_id", flat=True
                    )
                )
                pages = follow(indexed, vector, of(shop), 100)
                assert len(pages) == len(set(pages))
                assert there <= set(pages)
        finally:
            stop.set()
            thread.join()

    def test_equal_scores_neither_repeat_nor_hide_photos(self, photos: Photos) -> None:
        Embedding.objects.update(vector=HalfVector(photos.vectors[0]))
        pages = follow(photos, photos.vectors[0], Image.objects.all(), 9)
        assert pages == sorted(photos.ids)

    def test_a_photo_the_first_page_missed_is_on_the_second(self, indexed: Photos) -> None:
        vector = indexed.vectors[0]
        best = exactly(indexed, vector)
        hits = [nearest.Hit(key, 0.0) for key in best[1:11]]  # the nearest was missed
        place = Place.after_approximate(2**40, hits)
        page = nearest.nearest(
            vector, encoder=indexed.encoder, among=Image.objects.all(), limit=10, after=place
        )
        assert [hit.image_id for hit in page.hits] == [best[0], *best[11:20]]

    def test_a_cursor_of_another_search_is_refused(self, photos: Photos) -> None:
        for text in ("mug", "vase"):
            know(text, queries(photos, 1)[0], photos)
        first = search.search(Query(text="mug"), among=Image.objects.all(), limit=5)
        again = search.search(
            Query(text="mug"), among=Image.objects.all(), limit=5, cursor=first.cursor
        )
        assert not set(found(first)) & set(found(again))
        for query, cursor in (
            (Query(text="vase"), first.cursor),
            (Query(text="mug", filters=Filters(status="live")), first.cursor),
            (Query(text="mug"), "nonsense"),
            (Query(text="mug"), "Жук"),
            (Query(text="mug"), first.cursor[:20]),
        ):
            with pytest.raises(PlaceLost):
                search.search(query, among=Image.objects.all(), limit=5, cursor=cursor)

    def test_a_storefront_never_meets_anothers_photos(self, indexed: Photos) -> None:
        for number in (0, 1, 3):
            own = {
                key for key, shop in zip(indexed.ids, indexed.shops, strict=True) if shop == number
            }
            pages = follow(indexed, indexed.vectors[0], of(indexed.storefronts[number]), 50)
            assert set(pages) == own


class TestNearDuplicates:
    def test_by_cosine_by_hash_or_by_both(self, photos: Photos) -> None:
        shop = photos.storefronts[-1]
        one, by_vector, by_hash, by_both, poor, other = photos.ids[:6]
        Image.objects.filter(pk__in=photos.ids[:6]).update(storefront=shop)
        base = np.zeros(DIMENSION, np.float32)
        base[0] = 1.0
        near, far = base.copy(), np.roll(base, 1)
        near[1] = 0.3
        vectors = [base, unit(near), far, unit(near), far, far]
        for key, vector in zip(photos.ids, vectors, strict=False):
            Embedding.objects.filter(image_id=key).update(vector=HalfVector(vector))
        Embedding.objects.filter(image_id__in=photos.ids[6:]).update(vector=HalfVector(far))
        hashes = {one: 0, by_hash: 31, by_both: 4, poor: 0, other: 32}
        for key, bits in hashes.items():
            PerceptualHash.objects.create(
                image_id=key,
                pdq="1" * bits + "0" * (256 - bits),
                quality=20 if key == poor else 90,
            )
        image = Image.objects.get(pk=one)
        rows = duplicates.near_duplicates(image, among=of(shop))
        assert [(row.image_id, row.bits) for row in rows] == [
            (by_both, 4),
            (by_vector, None),
            (by_hash, 31),
        ]
        assert rows[1].cosine == pytest.approx(1 / np.sqrt(1.09), abs=1e-3)
        assert rows[2].cosine is None
        Image.objects.filter(pk=by_both).update(storefront=photos.storefronts[0])
        assert [row.image_id for row in duplicates.near_duplicates(image, among=of(shop))] == [
            by_vector,
            by_hash,
        ]


class TestVectorsOfQueries:
    def test_a_worker_encodes_a_text_once_and_pictures_like_photos(
        self, encoder: LoadedEncoder, picture: object
    ) -> None:
        query_vectors.encode_text(text="a mug", encoder=encoder)
        query_vectors.encode_text(text="A  mug", encoder=encoder)
        assert QueryVector.objects.count() == 1
        mug = query_vectors.of_text("a MUG", encoder=encoder.row)
        assert np.linalg.norm(mug) == pytest.approx(1, abs=1e-3)

    def test_old_ones_are_forgotten(self, photos: Photos) -> None:
        know("mug", photos.vectors[0], photos)
        know("vase", photos.vectors[1], photos)
        row = QueryVector.objects.order_by("pk").first()
        assert row
        QueryVector.objects.filter(pk=row.pk).update(
            created_at=timezone.now() - query_vectors.KEPT - timedelta(minutes=1)
        )
        assert query_vectors.forget_old() == 1
        assert not QueryVector.objects.filter(pk=row.pk).exists()
        with pytest.raises(query_vectors.PictureForgotten):
            query_vectors.of_picture("0" * 64, encoder=photos.encoder)
