import math

import torch

from backbone.evaluate import NORMALS, REFERENCES, area_under_curve, drawn, judged, whitening


def test_features_that_show_the_defect_are_told_from_ones_that_do_not():
    torch.manual_seed(1)
    change = torch.zeros(NORMALS + 3, 64, 64)
    change[-3:, 16:32, 16:32] = 0.5
    blind = torch.randn(REFERENCES + len(change), 4, 16, 16)
    seeing = blind.clone()
    seeing[-3:, :, 4:8, 4:8] += 20
    assert judged(seeing, change) == (1.0, 1.0)
    patches, _ = judged(blind, change)
    assert abs(patches - 0.5) < 0.2


def test_normal_queries_are_pictures_that_nothing_changed():
    kind, episode = drawn(1, 64)
    assert kind in ("surface", "object", "array")
    assert len(episode.pictures) == REFERENCES + len(episode.change)
    assert not episode.change[:NORMALS].any()


def test_whitened_features_have_the_square_root_of_their_deviations():
    torch.manual_seed(1)
    features = torch.randn(4000, 3) * torch.tensor([1.0, 4.0, 9.0]) + 5
    mean, matrix = whitening(features)
    deviations = ((features - mean) @ matrix).std(0).sort()[0]
    assert torch.allclose(deviations, torch.tensor([1.0, 2.0, 3.0]), rtol=0.05)


def test_the_area_under_the_curve_counts_ties_half():
    assert area_under_curve(torch.tensor([2.0, 1.0]), torch.tensor([0.0, 1.0])) == 0.875
    assert math.isnan(area_under_curve(torch.tensor([]), torch.tensor([1.0])))
