"""The second half of training: captions learn where the pictures of their label are.

The image tower stands still meanwhile, as in LiT (Zhai et al., 2022), whose locked image tower is
here one trained a moment ago.
"""

from __future__ import annotations

import numpy as np
import torch

from catalog.ml.mini import labels, objective, zeroshot
from catalog.ml.mini.model import embed_texts
from catalog.ml.mini.trainer import Run, schedule


def teach(run: Run, steps: int) -> None:
    """Train the text tower of `run.model` from scratch, its image tower being the averaged one."""
    recipe, team = run.recipe, run.team
    run.learning.load_state_dict(run.average.model.state_dict())
    team.copy_first(run.learning)
    scale = run.anchors.logit_scale.detach().exp()
    with torch.no_grad():
        run.model.logit_scale.copy_(run.anchors.logit_scale)
        anchors = run.anchors()
    shuffled = np.random.default_rng(run.options.seed)
    mine = team.share(run.sampler.epoch(recipe.caption_pool, shuffled))
    vectors = torch.cat(
        [
            zeroshot.encode(
                run.tower, run.pictures(mine[at : at + 256]).numpy(), px=recipe.final_px
            )
            for at in range(0, len(mine), 256)
        ]
    )
    wanted = run.table[run.truth[mine]]
    alike = torch.from_numpy(labels.relatives(run.nodes, share=recipe.ancestor_share))
    parts = torch.nn.ModuleList([run.model.text_model, run.model.text_projection])
    optimiser = torch.optim.AdamW(parts.parameters(), weight_decay=0.01, fused=True)
    rng = np.random.default_rng([run.options.seed, team.rank])
    parts.train()
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = recipe.caption_rate * schedule(step / steps, 0.05)
        captions = labels.captions(run.nodes, run.templates, rng)
        some = torch.from_numpy(rng.integers(len(mine), size=recipe.caption_pictures))
        with torch.autocast(run.device.type, torch.bfloat16):
            texts = embed_texts(run.model, run.tokenizer, captions)
        pictures, theirs = vectors[some].to(run.device), wanted[some].to(run.device)
        loss = objective.contrast(texts, anchors, alike.to(run.device), scale)
        loss = loss + objective.contrast(pictures, texts, theirs, scale)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        team.average_gradients(parts)
        torch.nn.utils.clip_grad_norm_(parts.parameters(), 1.0)
        optimiser.step()
        if team.rank == 0 and (step + 1) % 50 == 0:
            print(f"caption step {step + 1} of {steps} loss {loss.item():.3f}", flush=True)
    parts.eval()
