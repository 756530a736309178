"""Scale the one row or column whose sum is worst, again and again.

The misfit of a sum y to the wanted x is rho(x, y) = y - x + x log(x / y) (Altschuler, Weed and
Rigollet, Near-linear time approximation algorithms for optimal transport via Sinkhorn iteration,
2017, algorithm 4). An iteration here is n + m such updates.
"""

import numpy as np


class Greenkhorn:
    """Keep a plan and its sums, and change one row or column at a time."""

    was_newton = False
    step = 1.0

    def start(self, problem, g, reg):
        """Return the point at the start of a stage."""
        self.updates = 0
        return self.fresh(problem, g, reg)

    def fresh(self, problem, g, reg):
        """Return the point at g, whose rows and sums are exact."""
        at = problem.evaluate(g, reg)
        if at.column_sums.min() <= 1e-290:  # no factor could bring such a column back
            at = problem.evaluate(problem.column_step(at), reg)
        return at

    def advance(self, problem, at, goal):
        """Return whether to go on, and the next point."""
        a, b, f, g = problem.a, problem.b, at.f.copy(), at.g.copy()
        plan, rows, columns = at.plan.copy(), at.row_sums.copy(), at.column_sums.copy()
        error = at.error
        for _ in range(a.size + b.size):
            if not error > 0.5 * goal:
                break
            misfit_rows = rows - a + a * np.log(a / rows)
            misfit_columns = columns - b + b * np.log(b / columns)
            if misfit_rows.max() >= misfit_columns.max():
                i = misfit_rows.argmax()
                factor = a[i] / rows[i]
                columns += (factor - 1.0) * plan[i]
                plan[i] *= factor
                rows[i] = a[i]
                f[i] += at.reg * np.log(factor)
            else:
                j = misfit_columns.argmax()
                factor = b[j] / columns[j]
                rows += (factor - 1.0) * plan[:, j]
                plan[:, j] *= factor
                columns[j] = b[j]
                g[j] += at.reg * np.log(factor)
            error = np.abs(rows - a).sum() + np.abs(columns - b).sum()
        self.updates += error > goal
        if error <= goal or self.updates % 50 == 0:
            self.updates = 0  # the sums are exact again, and so are the rows
            new = self.fresh(problem, g, at.reg)
            return new.error > 1e-15 * b.sum(), new
        new = problem.evaluate(g, at.reg, f, 0.0)
        problem.n_evaluations -= 1  # the plan is known
        return True, new
