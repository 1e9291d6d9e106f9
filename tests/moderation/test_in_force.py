"""A storefront's settings, enforced: policies in force, live before the review, sandboxes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from catalog import keys, pipeline, search, storefronts
from catalog.choices import Status
from catalog.models import Event, Image, Storefront, TagVerdict
from catalog.search import Query
from moderation import banks, chunks, in_force, precision, previewing, reviewing, sweeping
from moderation.models import (
    Bank,
    BankTraffic,
    Decision,
    Flag,
    Policy,
    PolicyPrompt,
    Review,
    TrialDecision,
)
from moderation.reviewing import ReviewConflict
from moderation.scope import Scope
from tests.conftest import Picture
from tests.openapi import IMAGES, ApiClient
from tests.pages import SignIn, tag

pytestmark = pytest.mark.django_db
Process = Callable[[], pipeline.Drained]
Upload = Callable[..., Image]


@pytest.fixture
def bank(policy: Policy) -> Bank:
    return Bank.objects.create(policy=policy, name="Known", hold_threshold=0.95, hash_distance=None)


@pytest.fixture
def known(bank: Bank, picture: Picture) -> bytes:
    banks.add_exemplar(bank=bank, data=picture("handgun", 1))
    return picture("handgun", 1)


@pytest.fixture
def sandbox(storefront: Storefront) -> Storefront:
    return storefronts.sandbox_of(storefront=storefront)


def now(image: Image) -> Image:
    return Image.objects.get(pk=image.pk)


class TestPoliciesInForce:
    def test_without_a_choice_all_of_them_are(
        self, known: bytes, upload: Upload, process: Process
    ) -> None:
        image = upload(known)
        process()
        assert now(image).status == Status.HELD

    def test_a_policy_that_was_not_chosen_does_nothing(
        self,
        known: bytes,
        upload: Upload,
        process: Process,
        storefront: Storefront,
        other_storefront: Storefront,
        lea: User,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        other = Policy.objects.create(slug="drugs", name="Drugs")
        in_force.choose(storefront=storefront, policies=[other], by=lea)
        mine, theirs = upload(known), upload(known, to=other_storefront)
        with django_capture_on_commit_callbacks(execute=True):
            process()

        assert (now(mine).status, now(theirs).status) == (Status.LIVE, Status.HELD)
        assert list(Flag.objects.values_list("image_id", flat=True)) == [theirs.pk]
        # The bank's usual share is counted over the photos it was asked about.
        traffic = BankTraffic.objects.get()
        assert (traffic.screened, traffic.held) == (1, 1)

    def test_nor_do_its_prompts(
        self,
        upload: Upload,
        picture: Picture,
        process: Process,
        policy: Policy,
        storefront: Storefront,
        other_storefront: Storefront,
        lea: User,
    ) -> None:
        Policy.objects.filter(pk=policy.pk).update(prompt_threshold=0.0001)
        for text, contrast in (("a photo of a mug", False), ("a photo of a sofa", True)):
            PolicyPrompt.objects.create(policy=policy, text=text, is_contrast=contrast)
        other = Policy.objects.create(slug="drugs", name="Drugs")
        in_force.choose(storefront=storefront, policies=[other], by=lea)
        mine, theirs = upload(picture("mug")), upload(picture("mug"), to=other_storefront)
        process()
        assert (now(mine).status, now(theirs).status) == (Status.LIVE, Status.HELD)

    def test_a_sweep_spares_the_storefront_and_its_preview_says_so(
        self,
        bank: Bank,
        upload: Upload,
        picture: Picture,
        process: Process,
        storefront: Storefront,
        other_storefront: Storefront,
        lea: User,
        encoder: Any,
    ) -> None:
        other = Policy.objects.create(slug="drugs", name="Drugs")
        in_force.choose(storefront=storefront, policies=[other], by=lea)
        data = picture("handgun", 1)
        mine, theirs = upload(data), upload(data, to=other_storefront)
        process()
        exemplar = banks.add_exemplar(bank=bank, data=data)
        self._encode(encoder)

        assert previewing.preview(bank=bank, encoder=encoder.row).would_hold == 1
        sweeping.start(bank=bank, exemplars=[exemplar], started_by=lea)
        while chunks.run_chunk() == 0.0:
            pass

        assert (now(mine).status, now(theirs).status) == (Status.LIVE, Status.HELD)

    @staticmethod
    def _encode(encoder: Any) -> None:
        from moderation import embedding

        embedding.embed_missing(encoder)

    def test_choosing_is_recorded_and_choosing_the_same_is_not(
        self, storefront: Storefront, policy: Policy, lea: User
    ) -> None:
        assert in_force.choose(storefront=storefront, policies=[policy], by=lea)
        assert not in_force.choose(storefront=storefront, policies=[policy], by=lea)
        (event,) = storefront.events.all()
        assert (event.summary, event.actor) == ("Policies in force: Arms", lea)
        assert in_force.choose(storefront=storefront, policies=[], by=lea)
        assert in_force.rules_of([storefront.pk])[storefront.pk].policies is None


class TestPublishBeforeReview:
    @pytest.fixture(autouse=True)
    def before_review(self, storefront: Storefront, lea: User) -> None:
        values = {"publish_before_review": True}
        assert storefronts.change(storefront=storefront, values=values, by=lea)

    def test_a_flagged_photo_is_live_while_its_review_waits(
        self, known: bytes, upload: Upload, process: Process, other_storefront: Storefront
    ) -> None:
        mine, theirs = upload(known), upload(known, to=other_storefront)
        assert now(mine).status == Status.PENDING  # unscreened, so not live
        process()

        assert (now(mine).status, now(theirs).status) == (Status.LIVE, Status.HELD)
        waiting = set(Review.objects.open().values_list("image_id", flat=True))
        assert waiting == {mine.pk, theirs.pk}
        assert now(mine).screened_at is not None

    def test_what_a_bank_removes_is_removed(
        self, bank: Bank, known: bytes, upload: Upload, process: Process
    ) -> None:
        Bank.objects.update(remove_threshold=0.96)
        banks.touch(bank)
        image = upload(known)
        process()
        assert now(image).status == Status.REMOVED
        assert not Review.objects.exists()

    def test_a_person_removes_it_all_the_same(
        self, known: bytes, upload: Upload, process: Process, ana: User, at_once: None
    ) -> None:
        from moderation import deciding

        image = upload(known)
        process()
        review = reviewing.claim_next(moderator=ana)
        assert review is not None
        deciding.decide(
            review_id=review.pk,
            moderator=ana,
            version=review.version,
            action="remove",
            policy=review.policy,
        )
        assert now(image).status == Status.REMOVED

    def test_a_sweep_opens_the_review_and_leaves_the_photo_live(
        self,
        bank: Bank,
        upload: Upload,
        picture: Picture,
        process: Process,
        lea: User,
        encoder: Any,
    ) -> None:
        image = upload(picture("handgun", 1))
        process()
        exemplar = banks.add_exemplar(bank=bank, data=picture("handgun", 1))
        TestPoliciesInForce._encode(encoder)
        sweep = sweeping.start(bank=bank, exemplars=[exemplar], started_by=lea)
        while chunks.run_chunk() == 0.0:
            pass

        assert now(image).status == Status.LIVE
        assert Review.objects.open().get().image_id == image.pk
        sweep.refresh_from_db()
        assert (sweep.matched, sweep.held) == (1, 0)


class TestSandbox:
    def test_its_photos_are_screened_for_real_and_nobody_is_asked(
        self,
        known: bytes,
        upload: Upload,
        process: Process,
        sandbox: Storefront,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        image = upload(known, to=sandbox)
        with django_capture_on_commit_callbacks(execute=True):
            process()

        assert now(image).status == Status.HELD
        assert Flag.objects.get().image_id == image.pk
        assert not Review.objects.exists()
        assert not BankTraffic.objects.exists()
        assert precision.flags_by_bank(Scope.last(7)) == []

    def test_it_has_its_shops_policies(
        self,
        known: bytes,
        upload: Upload,
        process: Process,
        storefront: Storefront,
        sandbox: Storefront,
        lea: User,
    ) -> None:
        other = Policy.objects.create(slug="drugs", name="Drugs")
        in_force.choose(storefront=storefront, policies=[other], by=lea)
        image = upload(known, to=sandbox)
        process()
        assert now(image).status == Status.LIVE

    def test_no_sweep_finds_its_photos_and_nobody_can_send_them_to_review(
        self,
        bank: Bank,
        upload: Upload,
        picture: Picture,
        process: Process,
        sandbox: Storefront,
        lea: User,
        encoder: Any,
    ) -> None:
        image = upload(picture("handgun", 1), to=sandbox)
        process()
        exemplar = banks.add_exemplar(bank=bank, data=picture("handgun", 1))
        TestPoliciesInForce._encode(encoder)
        assert previewing.preview(bank=bank, encoder=encoder.row).photos == 0
        sweep = sweeping.start(bank=bank, exemplars=[exemplar], started_by=lea)
        while chunks.run_chunk() == 0.0:
            pass
        sweep.refresh_from_db()
        assert (sweep.total, sweep.matched, now(image).status) == (0, 0, Status.LIVE)
        with pytest.raises(ReviewConflict, match="sandbox"):
            reviewing.open_review(image=image, actor=lea)

    def test_what_staff_say_of_its_photos_teaches_nothing(
        self,
        upload: Upload,
        picture: Picture,
        sandbox: Storefront,
        lea: User,
    ) -> None:
        images = upload(picture("mug"), to=sandbox), upload(picture("mug"))
        for image in images:
            category = tag(image, "Mug", score=0.9).category
            TagVerdict.objects.create(image=image, category=category, accepted=True, by=lea)
        standing = TagVerdict.objects.standing().values_list("image_id", flat=True)
        assert list(standing) == [images[1].pk]

    def test_search_and_lists_of_the_console_leave_its_photos_out(
        self,
        upload: Upload,
        picture: Picture,
        process: Process,
        sandbox: Storefront,
        storefront: Storefront,
        sign_in: SignIn,
    ) -> None:
        test, live = upload(picture("mug"), to=sandbox), upload(picture("mug", 2))
        process()
        found = search.search(Query(like=live), among=Image.objects.of_live_shops(), limit=9)
        assert test.pk not in {hit.image_id for hit in found.hits}
        client = sign_in("lead")
        everything = client.get(reverse("catalog:photos")).content.decode()
        asked_for = client.get(reverse("catalog:photos"), {"storefront": sandbox.slug})
        similar = client.get(reverse("catalog:similar", args=[live.pk])).content.decode()
        assert str(live.pk) in everything
        assert str(test.pk) not in everything + similar
        assert str(test.pk) in asked_for.content.decode()

    def test_its_engineers_go_every_way_a_photo_can_go(
        self, known: bytes, upload: Upload, process: Process, sandbox: Storefront, policy: Policy
    ) -> None:
        image = upload(known, to=sandbox)
        process()
        _, plaintext = keys.create_key(storefront=sandbox, name="Try")
        assert plaintext.startswith("vt_test_")
        api = ApiClient(plaintext)
        decision = f"/api/v1/test/images/{image.pk}/decision"
        post: dict[str, Any] = {"content_type": "application/json"}

        held = api.get(f"{IMAGES}/{image.pk}").json()
        assert (held["livemode"], held["status"], held["decision"]) == (False, "held", None)
        removed = api.post(decision, {"action": "remove"}, **post).json()
        assert removed["status"] == "removed"
        assert removed["decision"]["reason"] == policy.slug
        appeal = api.post(f"{IMAGES}/{image.pk}/appeal", {"text": "A toy."}, **post)
        assert (appeal.status_code, appeal.json()["status"]) == (201, "open")
        again = api.post(f"{IMAGES}/{image.pk}/appeal", {"text": "A toy!"}, **post)
        assert (again.status_code, again.json()["code"]) == (409, "in_review")
        approved = api.post(decision, {"action": "approve"}, **post).json()
        assert approved["status"] == "live"
        assert approved["appeal"]["status"] == "overturned"
        assert approved["decision"] | {"decided_at": ""} == {
            "action": "approve",
            "reason": None,
            "decided_at": "",
        }
        assert api.post(decision, {"action": "remove"}, **post).json()["status"] == "removed"
        assert not Decision.objects.exists()
        assert TrialDecision.objects.count() == 3
        kinds = list(Event.objects.filter(image=image).values_list("kind", flat=True))
        assert kinds[-4:] == [
            "removed_by_moderator",
            "appealed",
            "approved",
            "removed_by_moderator",
        ]

    def test_an_upheld_removal_is_final(
        self, known: bytes, upload: Upload, process: Process, sandbox: Storefront
    ) -> None:
        image = upload(known, to=sandbox)
        process()
        api = ApiClient(keys.create_key(storefront=sandbox, name="Try")[1])
        decision = f"/api/v1/test/images/{image.pk}/decision"
        post: dict[str, Any] = {"content_type": "application/json"}
        api.post(decision, {"action": "remove"}, **post)
        api.post(f"{IMAGES}/{image.pk}/appeal", {"text": "A toy."}, **post)
        upheld = api.post(decision, {"action": "remove"}, **post).json()
        assert upheld["appeal"]["status"] == "upheld"
        again = api.post(f"{IMAGES}/{image.pk}/appeal", {"text": "A toy."}, **post)
        assert (again.status_code, again.json()["code"]) == (409, "already_appealed")

    def test_a_live_key_decides_nothing_and_a_test_key_sees_no_live_photo(
        self, known: bytes, upload: Upload, process: Process, storefront: Storefront
    ) -> None:
        image = upload(known)
        process()
        live = ApiClient(keys.create_key(storefront=storefront, name="Live")[1])
        shop = storefronts.sandbox_of(storefront=storefront)
        test = ApiClient(keys.create_key(storefront=shop, name="Try")[1])
        path = f"/api/v1/test/images/{image.pk}/decision"
        post: dict[str, Any] = {"content_type": "application/json"}

        refused = live.post(path, {"action": "approve"}, **post)
        hidden = test.post(path, {"action": "approve"}, **post)

        assert (refused.status_code, refused.json()["code"]) == (403, "live_key")
        assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
        assert test.get(f"{IMAGES}/{image.pk}").status_code == 404
        assert now(image).status == Status.HELD

    def test_a_photo_that_waits_for_a_worker_cannot_be_decided(
        self, upload: Upload, picture: Picture, sandbox: Storefront
    ) -> None:
        image = upload(picture("mug"), to=sandbox)
        api = ApiClient(keys.create_key(storefront=sandbox, name="Try")[1])
        path = f"/api/v1/test/images/{image.pk}/decision"
        response = api.post(path, {"action": "approve"}, content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (409, "not_screened")
        assert now(image).status == Status.PENDING
