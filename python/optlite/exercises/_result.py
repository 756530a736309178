"""What a check found."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class CheckResult:
    """Outcome of :func:`optlite.exercises.check`: true if every property holds.

    Attributes
    ----------
    name : str
        The exercise.
    failed : str or None
        The first property that does not hold, in words; None if all hold.
    hint : str or None
        Where to look.
    found : str or None
        What the function did, or the arguments of its last call before the failure.
    results : dict
        Whether each property holds, by its name; properties that were not reached are False.
    seed : int
        With which the check can be repeated.

    Examples
    --------
    >>> from optlite import exercises
    >>> exercises.check("soft-threshold", lambda z, threshold: z, seed=0, verbose=False)
    <soft-threshold: failed, 'no other point has a smaller value'>
    """

    name: str
    failed: str | None
    hint: str | None
    found: str | None
    results: dict = field(repr=False)
    seed: int

    def __bool__(self):
        """Whether every property holds."""
        return self.failed is None

    def __repr__(self):
        """Say in a line how it went."""
        outcome = "passed" if self else f"failed, {self.failed!r}"
        return f"<{self.name}: {outcome}>"

    def __str__(self):
        """Say how it went, and what to do."""
        held, total = sum(self.results.values()), len(self.results)
        if self:
            return f"{self.name}: well done, all {total} properties hold."
        lines = [
            f"{self.name}: not yet, {held} of {total} properties hold.",
            f"  failed: {self.failed}",
            f"  hint:   {self.hint}",
            f"  found:  {self.found}",
            f"  again:  seed={self.seed} repeats these problems",
        ]
        return "\n".join(lines)
