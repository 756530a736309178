"""Activations of the units of a network, as functions of what goes into the unit.

Each file defines ``value(a)``, ``first(a)`` and ``second(a)``, the derivatives, elementwise on
arrays, and ``smooth``: whether there are two derivatives everywhere.
"""
