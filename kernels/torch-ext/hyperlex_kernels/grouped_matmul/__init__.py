"""A product with a matrix for each group of rows: what a mixture of small experts is made of.

    offsets = torch.tensor([0, 3, 3, 7], dtype=torch.int32)   # expert 0: 3 rows, 1: none, 2: 4
    out = grouped_matmul(x, w, offsets)                       # x [M, K], w [3, K, N] -> [M, N]
    explain_grouped(x)                                        # which implementation that was, why

Rows of x are sorted by expert. Rows from the last offset on belong to no expert: they are not
computed, and their result is 0. Gradients of any order flow to x and w.
"""

from .operators import explain_grouped, grouped_matmul, grouped_matmul_dw

__all__ = ["explain_grouped", "grouped_matmul", "grouped_matmul_dw"]
