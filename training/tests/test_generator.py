import dataclasses

import pytest
import torch

from backbone.generator import Families, draw_episode
from backbone.generator.defects import Spoiler
from backbone.generator.products import Product
from backbone.objective import VISIBLE

CPU = torch.device("cpu")
SIZE = 64


def drawn(seed: int, families: Families = Families.training(), queries: int = 3):
    return draw_episode(seed, families, SIZE, 2, queries, CPU)


def test_the_same_seed_draws_the_same_episode_and_another_seed_another():
    first, again, other = drawn(7), drawn(7), drawn(8)
    assert torch.equal(first.pictures, again.pictures)
    assert torch.equal(first.change, again.change)
    assert not torch.equal(first.pictures, other.pictures)


@pytest.mark.parametrize("families", [Families.training(), Families.held_out()])
def test_pictures_are_finite_and_in_range(families):
    for seed in range(30):
        episode = drawn(seed, families)
        assert episode.pictures.shape == (5, 3, SIZE, SIZE)
        assert episode.change.shape == (3, SIZE, SIZE)
        for values in (episode.pictures, episode.change):
            assert torch.isfinite(values).all()
            assert values.min() >= 0 and values.max() <= 1


@pytest.mark.parametrize("defect", ["spot", "missing part"])
def test_only_the_defect_tells_a_query_from_its_clean_twin(defect, monkeypatch):
    families = dataclasses.replace(Families.training(), defects=(defect,))
    drawn_on = torch.cat([drawn(seed, families).change for seed in range(12)])
    assert (drawn_on.flatten(1).amax(1) > VISIBLE).float().mean() > 0.25
    monkeypatch.setattr(Spoiler, "spoil", lambda self, picture, kind, where: picture)
    monkeypatch.setattr(Product, "_spoiled", lambda self, picture, part, defect, grid, dx, dy:
                        part.drawn_on(picture, grid, dx, dy))
    assert not torch.cat([drawn(seed, families).change for seed in range(12)]).any()


@pytest.mark.parametrize("families", [Families.training(), Families.held_out()])
def test_most_queries_change_visibly_and_some_not_at_all(families):
    changes = torch.cat([drawn(seed, families).change for seed in range(40)]).flatten(1).amax(1)
    assert 0.5 < (changes > VISIBLE).float().mean() < 0.95
    assert (changes == 0).any()


def test_held_out_families_share_only_the_plainest_with_training():
    training, held_out = Families.training(), Families.held_out()
    shared = [set(getattr(training, field.name)) & set(getattr(held_out, field.name))
              for field in dataclasses.fields(Families)]
    assert shared == [{"plain"}, {"circle"}, {"spot"}]
