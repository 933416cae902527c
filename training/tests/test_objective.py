import torch

from backbone.objective import Cells, Objective


def test_a_cell_is_positive_where_it_changed_and_negative_only_away_from_there():
    change = torch.zeros(1, 20, 20)
    change[0, 0:4, 0:4] = 0.5
    cells = Cells.of(change, 4)
    expected = torch.zeros(1, 5, 5, dtype=torch.bool)
    expected[0, 0, 0] = True
    assert torch.equal(cells.positive, expected)
    expected[0, :2, :2] = True
    assert torch.equal(cells.negative, ~expected)


def test_a_faint_change_makes_a_cell_neither():
    change = torch.zeros(1, 20, 20)
    change[0, 9, 9] = 0.03
    cells = Cells.of(change, 4)
    assert not cells.positive.any()
    assert not cells.negative[0, 2, 2] and cells.negative.sum() == 25 - 9


def test_the_loss_falls_when_defects_move_away_from_the_normal_cells():
    torch.manual_seed(1)
    change = torch.zeros(1, 32, 32)
    change[0, 8:16, 8:16] = 0.5
    cells = Cells.of(change, 4)
    losses = []
    for far in (0.0, 1.0, 3.0):
        torch.manual_seed(2)
        embedding = 0.1 * torch.randn(3, 16, 8, 8)
        embedding[2:] += far * cells.positive.unsqueeze(1)
        losses.append(Objective()(embedding, cells, 2).item())
    assert losses[0] > losses[1] > losses[2]


def test_the_loss_pulls_defects_away_and_normal_cells_closer():
    torch.manual_seed(1)
    change = torch.zeros(1, 32, 32)
    change[0, 8:16, 8:16] = 0.5
    cells = Cells.of(change, 4)
    embedding = torch.randn(3, 16, 8, 8, requires_grad=True)
    objective = Objective()
    before = objective(embedding, cells, 2)
    before.backward()
    with torch.no_grad():
        after = objective(embedding - 0.1 * embedding.grad / embedding.grad.norm(), cells, 2)
    assert after < before
