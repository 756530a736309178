"""Twins of ``cpp/include/optlite/block_selections``: how the next block is chosen."""
