"""Kernel 1, results without gradients, and empty batches: where views and shapes are special."""

import pytest
import torch
import torch.nn.functional as F

import conv3dt.torch
from tests.helpers.torch_layers import same

LAST = torch.channels_last_3d


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("name", ["conv3d", "conv_transpose3d"])
def test_kernel_1_of_any_layout(name, groups):
    """Contiguous positions are one row."""
    x = torch.randint(-9, 9, (2, 8, 3, 5, 7)).float()
    w, b = torch.randint(-9, 9, (8, 8 // groups, 1, 1, 1)).float(), torch.arange(8.0)
    ours, theirs = (getattr(library, name) for library in (conv3dt.torch, F))
    for view in (x, x.contiguous(memory_format=LAST), x[..., 1:], x.transpose(2, 4)):
        assert torch.equal(ours(view, w, b, groups=groups), theirs(view, w, b, groups=groups))


@pytest.mark.parametrize("layout", [torch.contiguous_format, LAST])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [1, 3])
def test_what_is_made_without_gradients_can_be_written_to(size, dtype, layout):
    x = torch.ones(1, 2, 8, 8, 8, dtype=dtype).contiguous(memory_format=layout)
    added = torch.ones(1, dtype=dtype, requires_grad=True)
    with torch.no_grad():
        y = conv3dt.torch.conv3d(x, torch.ones(2, 2, size, size, size, dtype=dtype))
    y.add_(added).sum().backward()
    assert added.grad.item() == y.numel()


@pytest.mark.parametrize("lengths", [(0, 4, 4), (4, 0, 0), (0, 0, 0)])
@pytest.mark.parametrize("name", ["conv3d", "conv_transpose3d"])
def test_an_empty_batch_of_no_length(name, lengths):
    found = []
    for library in (conv3dt.torch, F):
        x = torch.ones(0, 2, *lengths, requires_grad=True)
        w, b = (torch.ones(shape, requires_grad=True) for shape in [(2, 2, 3, 3, 3), (2,)])
        y = getattr(library, name)(x, w, b, padding=2 if name == "conv3d" else 0)
        found.append([y, *torch.autograd.grad(y.sum(), [x, w, b])])
    same(*found)
    assert (
        getattr(conv3dt.torch, name)(
            x.to("meta"), w.to("meta"), padding=0 if "_" in name else 2
        ).shape
        == y.shape
    )


def test_a_length_of_zero_is_refused_where_there_is_a_batch():
    with pytest.raises(ValueError, match="conv3d: input must have 5 axes, none of them empty"):
        conv3dt.torch.conv3d(torch.ones(2, 2, 0, 4, 4), torch.ones(3, 2, 3, 3, 3), padding=2)
