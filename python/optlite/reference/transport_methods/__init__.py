"""Twins of ``cpp/include/optlite/transport_methods``: iterations of entropic transport."""
