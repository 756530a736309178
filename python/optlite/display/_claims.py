"""A table of claims, each with its source, what it predicts and what was measured."""

import dataclasses
import html
import math


@dataclasses.dataclass(frozen=True)
class Claim:
    """Hold one line of the table.

    Parameters
    ----------
    claim : str
        The sentence.
    source : str
        Who says so.
    predicted : str
        What the measured value was compared with, and how.
    measured : float
        The value.
    """

    claim: str
    source: str
    predicted: str
    measured: float


class Claims:
    """Check claims against measured values, and show them as a table.

    Each method checks one claim at once: a claim that does not hold raises ``AssertionError``, so
    that a script with claims fails where one stops being true. A notebook shows the object as a
    table, ``print`` as text.

    Attributes
    ----------
    rows : list of Claim
        What was checked so far; all of it held.

    Examples
    --------
    >>> from optlite.display import Claims
    >>> claims = Claims()
    >>> claims.equal("The angles of a triangle sum to pi", "Euclid", 3.14159, 3.14159265, rtol=1e-5)
    >>> claims.at_most("A mean is at most the maximum", "arithmetic", bound=3.0, measured=2.0)
    >>> print(claims)
    The angles of a triangle sum to pi [Euclid]
        predicted 3.142 (to 1e-05), measured 3.142
    A mean is at most the maximum [arithmetic]
        predicted <= 3, measured 2
    """

    def __init__(self):
        self.rows = []

    def equal(self, claim, source, predicted, measured, *, rtol):
        """Check that a value is what was predicted.

        Parameters
        ----------
        claim, source : str
            The sentence, and who says so.
        predicted, measured : float
            The two values.
        rtol : float, >= 0
            Largest difference, relative to `predicted`; 0 asks for equal numbers.

        Raises
        ------
        AssertionError
            If the difference is larger, or a value is not finite.
        """
        holds = abs(measured - predicted) <= rtol * abs(predicted)
        to = f"to {100 * rtol:.2g}%" if rtol >= 1e-4 else f"to {rtol:.0e}"
        to = "exactly" if rtol == 0.0 else to
        self._add(claim, source, f"{predicted:.4g} ({to})", measured, holds)

    def at_most(self, claim, source, bound, measured):
        """Check that a value is at most a bound.

        Parameters
        ----------
        claim, source : str
            The sentence, and who says so.
        bound, measured : float
            The two values.

        Raises
        ------
        AssertionError
            If the value is larger, or not finite.
        """
        self._add(claim, source, f"<= {bound:.4g}", measured, measured <= bound)

    def at_least(self, claim, source, bound, measured):
        """Check that a value is at least a bound.

        Parameters
        ----------
        claim, source : str
            The sentence, and who says so.
        bound, measured : float
            The two values.

        Raises
        ------
        AssertionError
            If the value is smaller, or not finite.
        """
        self._add(claim, source, f">= {bound:.4g}", measured, measured >= bound)

    def _add(self, claim, source, predicted, measured, holds):
        measured = float(measured)
        if not (holds and math.isfinite(measured)):
            raise AssertionError(
                f"The claim does not hold: {claim} [{source}]: predicted {predicted}, measured "
                f"{measured:.6g}."
            )
        self.rows.append(Claim(claim, source, predicted, measured))

    def __str__(self):
        """Show two lines for each claim."""
        return "\n".join(
            f"{row.claim} [{row.source}]\n    predicted {row.predicted}, "
            f"measured {row.measured:.4g}"
            for row in self.rows
        )

    def _repr_html_(self):
        """Show a table in a notebook."""
        head = "".join(f"<th>{name}</th>" for name in ("Claim", "Source", "Predicted", "Measured"))
        body = "".join(_html_row(row) for row in self.rows)
        return (
            f'<table class="table claims"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table>"
        )


def _html_row(row):
    cells = (row.claim, row.source, _typeset(row.predicted), f"{row.measured:.4g}")
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"


def _typeset(text):
    return text.replace("<=", "≤").replace(">=", "≥")
