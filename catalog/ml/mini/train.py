"""Train the bundled mini model: `python -m catalog.ml.mini.train --photos FOLDER --out FOLDER`.

Seeded; writes a checkpoint after every epoch and resumes from it; `--minutes` stretches one
schedule over a time budget, `--epochs` over a number of epochs. Two halves: pictures gather round
their labels' anchors (trainer.py), then captions learn to land there too (captions.py).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import torch
import torch.multiprocessing as mp

from catalog.ml.mini import captions, data, export, zeroshot
from catalog.ml.mini.model import ImageTower
from catalog.ml.mini.recipe import Options, Recipe
from catalog.ml.mini.split import held_out
from catalog.ml.mini.team import Team
from catalog.ml.mini.trainer import Run
from catalog.ml.scoring import readable


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, train to the end of the schedule, export."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--photos", type=Path, required=True, help="labelled folders of photos")
    parser.add_argument("--out", type=Path, required=True, help="folder of the exported model")
    parser.add_argument("--cache", type=Path, default=Path(".data/mini-cache"))
    parser.add_argument("--seed", type=int, default=Options.seed)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=Options.minutes)
    length.add_argument("--epochs", type=int)
    parser.add_argument("--epoch-size", type=int, default=Options.epoch_size)
    parser.add_argument("--per-kind", type=int, default=Options.per_kind, help="drawings per kind")
    parser.add_argument("--limit", type=int, help="use only about this many photos")
    parser.add_argument("--tiny", action="store_true", help="a toy network, to try the script")
    parser.add_argument("--judge-every", type=int, default=8, help="epochs between judgements")
    parser.add_argument("--caption-steps", type=int, help="length of the second half")
    parser.add_argument("--resume", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument(
        "--processes", type=int, default=0, help="one thread each (0: one per core, or the GPU)"
    )
    given = vars(parser.parse_args(arguments))
    out, every, size = given.pop("out"), given.pop("judge_every"), given.pop("processes")
    options = Options(**given)
    size = size or (1 if torch.cuda.is_available() else min(8, os.cpu_count() or 1))
    if size == 1:
        train(options, out=out, every=every)
        return
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder) / "meeting"
        # Nothing has run in this process yet, so forking is safe, and saves importing torch again.
        mp.start_processes(
            _member, (size, meeting, options, out, every), nprocs=size, start_method="fork"
        )


def _member(rank: int, size: int, meeting: Path, options: Options, out: Path, every: int) -> None:
    team = Team(rank, size, meeting)
    train(options, out=out, every=every, team=team)
    team.leave()


def train(
    options: Options,
    *,
    out: Path,
    every: int,
    recipe: Recipe | None = None,
    team: Team | None = None,
) -> Run:
    """Run both halves and export the model to `out`."""
    recipe, team = recipe or Recipe(), team or Team()
    if team.rank > 0:
        team.wait()  # the first member fills the cache
    run = Run(options, recipe, team)
    if team.rank == 0:
        team.wait()
    paths = held_out(data.list_photos(options.photos), options.seed)[: options.limit]
    groups = zeroshot.open_groups(options.photos, paths, recipe.final_px) if not team.rank else []
    say(team, f"{len(run.truth)} pictures, {len(paths)} photos kept out, {len(run.leaves)} labels")
    say(team, f"epoch {run.epoch}, {run.device}, {team.size} processes")
    while run.progress() < 1.0:
        figures = run.train_epoch()
        line = " ".join(f"{name} {value:.4g}" for name, value in figures.items())
        if team.rank == 0:
            run.save()
            if run.epoch % every == 0:
                anchors = run.average.model["anchors"]()[: len(run.leaves)]
                line += " | " + judge(run, groups, run.average.model["tower"], anchors)
        say(team, f"epoch {run.epoch} {run.progress():.3f} {line}")
    say(team, "captions")
    captions.teach(run, options.caption_steps or recipe.caption_steps)
    if team.rank == 0:
        names = [readable(leaf) for leaf in run.leaves]
        classes = zeroshot.class_vectors(run.model, run.tokenizer, names, run.templates)
        say(team, f"done | {judge(run, groups, run.tower, classes)}")
        export.export(run, out)
    return run


def say(team: Team, line: str) -> None:
    """Print one progress line, once for the whole team."""
    if team.rank == 0:
        print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def judge(run: Run, groups: list[zeroshot.Group], tower: ImageTower, classes: torch.Tensor) -> str:
    """Return the accuracy on the kept-out photos in one line; `classes` (leaves, D)."""
    # Scored against the labels photos can have (all but the drawn ones), as `evaluate` does.
    labelled = sorted({leaf for leaf, kind in run.names if kind != "drawn"})
    rows = classes[[run.leaves.index(leaf) for leaf in labelled]].cpu()
    parts = []
    for group in groups:
        if set(group.leaves) <= set(labelled):
            one, five = zeroshot.accuracy(tower, group, rows, labelled)
            parts.append(f"{group.name} top1 {one:.3f} top5 {five:.3f}")
    return " ".join(parts) or "no photos kept out"


if __name__ == "__main__":
    main()
