"""The first half of training: pictures gather round their labels' anchors."""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np
import torch
from torch import Tensor, nn

from catalog.ml.mini import augment, data, labels, objective, state
from catalog.ml.mini.model import Anchors, DropPath, ImageTower, build_model, build_tokenizer
from catalog.ml.mini.recipe import Options, Recipe
from catalog.ml.mini.team import Team


class Run:
    """One training run: pictures, model, optimiser, and where it stands."""

    def __init__(self, options: Options, recipe: Recipe, team: Team | None = None) -> None:
        """Load pictures and build or resume the model."""
        self.team = team or Team()
        torch.manual_seed(options.seed)
        self.options, self.recipe = options, recipe
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.nodes, self.templates = labels.read_nodes(), labels.read_templates()
        self.leaves = [node.id for node in self.nodes if node.leaf]
        self.sources = [
            data.photos(options.photos, options.cache, seed=options.seed, limit=options.limit)
        ]
        if options.per_kind:
            self.sources.append(
                data.drawings(options.cache, seed=options.seed, per_kind=options.per_kind)
            )
        self.names = [
            (leaf, group)
            for source in self.sources
            for leaf, group in zip(source.leaves, source.groups, strict=True)
        ]
        self.starts = np.cumsum([0] + [len(source.leaves) for source in self.sources])
        names, groups = (list(column) for column in zip(*self.names, strict=True))
        self.truth = np.array([self.leaves.index(name) for name in names])
        self.sampler = data.Sampler(names, groups, recipe.shares)
        self.table = torch.from_numpy(
            labels.targets(self.nodes, ancestor_share=recipe.ancestor_share)
        )
        self.tokenizer = build_tokenizer(labels.all_captions(self.nodes, self.templates))
        self.model = build_model(vocabulary=len(self.tokenizer), tiny=options.tiny).to(self.device)
        self.tower = ImageTower(self.model)
        self.drop_path = DropPath(self.tower, recipe.drop_path)
        self.anchors = Anchors(len(self.nodes), self.model.config.projection_dim).to(self.device)
        self.learning = nn.ModuleDict({"tower": self.tower, "anchors": self.anchors})
        self.average = state.Average(self.learning, decay=recipe.average_decay)
        weights = parameter_groups(self.learning, recipe)
        self.optimiser = torch.optim.AdamW(weights, lr=recipe.rate, fused=True)
        self.epoch, self.seconds, self.factor = 0, 0.0, schedule(0.0, recipe.warmup)
        self.checkpoint = options.cache / "checkpoint.pt"
        if options.resume and self.checkpoint.exists():
            self.restore()

    def progress(self) -> float:
        """Return how much of the schedule is done, 0 to 1."""
        if self.options.epochs:
            return min(1.0, self.epoch / self.options.epochs)
        return min(1.0, self.seconds / (60 * self.options.minutes))

    def pictures(self, indices: np.ndarray) -> Tensor:
        """Gather uint8 pictures (B, H, W, 3) across the sources."""
        which = np.searchsorted(self.starts, indices, side="right") - 1
        rows = [
            self.sources[w].pixels[i - self.starts[w]] for w, i in zip(which, indices, strict=True)
        ]
        return torch.from_numpy(np.stack(rows))

    def train_epoch(self) -> dict[str, float]:
        """Go once through a balanced draw of the pictures."""
        recipe, began, done = self.recipe, time.monotonic(), self.progress()
        px = max(size for start, size in recipe.sizes if done >= start)
        # Every epoch's randomness follows from seed and epoch, so a resumed run repeats nothing.
        self.rng, self.gen = state.generators(self.options.seed, self.epoch, self.team.rank)
        order = self.sampler.epoch(self.options.epoch_size, self.rng)
        batches = [order[i : i + recipe.batch] for i in range(0, len(order), recipe.batch)]
        batches = [b for b in batches if len(b) >= 4 * self.team.size]
        self.strength = recipe.strength
        if done >= recipe.mix_until:
            self.strength = dataclasses.replace(recipe.strength, mix_batch=0.0)
        before, total = self.seconds, 0.0
        self.tower.train()
        for step, indices in enumerate(batches):
            total += self.step(self.team.share(indices), px)
            spent = self.team.agree(before + time.monotonic() - began)
            self.seconds = spent
            if self.options.epochs:
                here = (self.epoch + (step + 1) / len(batches)) / self.options.epochs
            else:
                here = min(1.0, spent / (60 * self.options.minutes))
            self.factor = schedule(here, recipe.warmup)
        self.epoch += 1
        rate = len(order) / (self.seconds - before)
        return {"loss": total / len(batches), "px": px, "images_per_second": rate}

    def step(self, indices: np.ndarray, px: int) -> float:
        """Take one optimiser step and return the loss."""
        recipe = self.recipe
        wanted = self.table[self.truth[indices]]
        pixels, wanted = augment.batch(
            self.pictures(indices), wanted, px=px, gen=self.gen, strength=self.strength
        )
        pixels, wanted = pixels.to(self.device), wanted.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            images = self.tower(pixels)
        scale = self.anchors.logit_scale.exp()
        smooth = wanted * (1 - recipe.smoothing) + recipe.smoothing / wanted.shape[1]
        loss = objective.contrast(images, self.anchors(), smooth, scale)
        loss = loss + recipe.image_image * objective.contrast_images(
            images, wanted, temperature=recipe.temperature
        )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.team.average_gradients(self.learning)
        torch.nn.utils.clip_grad_norm_(self.learning.parameters(), 5.0)
        for group in self.optimiser.param_groups:
            group["lr"] = recipe.rate * self.factor
        self.optimiser.step()
        with torch.no_grad():
            self.anchors.logit_scale.clamp_(max=objective.MAX_LOGIT_SCALE)
        if self.team.rank == 0:
            self.average.update(self.learning)
        return float(loss.detach())

    def save(self) -> None:
        """Write the checkpoint: everything the next epoch depends on."""
        state.save(
            self.checkpoint,
            learning=self.learning.state_dict(),
            average=self.average.model.state_dict(),
            average_steps=self.average.steps,
            optimiser=self.optimiser.state_dict(),
            epoch=self.epoch,
            seconds=self.seconds,
            factor=self.factor,
        )

    def restore(self) -> None:
        """Continue where the checkpoint stands."""
        kept = state.load(self.checkpoint)
        self.learning.load_state_dict(kept["learning"])
        self.average.model.load_state_dict(kept["average"])
        self.average.steps = kept["average_steps"]
        self.optimiser.load_state_dict(kept["optimiser"])
        self.epoch, self.seconds = kept["epoch"], kept["seconds"]
        self.factor = kept["factor"]


def schedule(progress: float, warmup: float) -> float:
    """Return the learning-rate factor: linear warm-up, then a cosine down to 1 %."""
    if progress < warmup:
        return max(0.01, progress / warmup)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))


def parameter_groups(model: nn.Module, recipe: Recipe) -> list[dict[str, object]]:
    """Decay matrices and kernels; leave scales, biases and the temperature alone."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    free = [p for p in model.parameters() if p.ndim <= 1]
    return [
        {"params": decayed, "weight_decay": recipe.weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]
