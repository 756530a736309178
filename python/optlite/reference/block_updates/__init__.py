"""Twins of ``cpp/include/optlite/block_updates``: how far the chosen block moves."""
