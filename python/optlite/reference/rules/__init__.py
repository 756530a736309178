"""Update rules: ``update(x, g, state, t, **hyperparameters)`` returns the new x.

``state`` is a dict of arrays under the textbook's names, changed in place; an array that was not
set yet is zero, unless the module has ``start(x, **hyperparameters)``. ``t`` counts from 1.
Weight decay goes with ``learning_rate``, or with ``rate(x, **hyperparameters)``; a module with
``look(x, state, **hyperparameters)`` sees x before it.
Rules with sums over all tensors also have ``share(xs, gs, states, shared, t, **hyperparameters)``,
called before the updates, which then get ``shared``. :mod:`optlite.reference.updates` runs them.
"""
