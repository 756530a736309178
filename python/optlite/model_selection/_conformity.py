"""How strange a target is, given a prediction, and which targets are no stranger than that."""

import numpy as np
from sklearn.utils import column_or_1d


class Absolute:
    """|y - m(x)|: intervals of one width."""

    needs = "predict"

    def __init__(self, confidence):
        self.confidence = confidence

    @staticmethod
    def fits(model):
        """Whether the model has what this score needs."""
        return hasattr(model, "predict")

    def measure(self, model, X, y):
        """Return the score of each row."""
        center, unit = self.center_and_unit(model, X)
        distance = np.abs(y - center)
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = distance / unit
        return np.where(distance == 0.0, 0.0, scores)

    def interval(self, model, X, limit):
        """Return the ends between which the score is at most `limit`."""
        center, unit = self.center_and_unit(model, X)
        with np.errstate(invalid="ignore"):
            half = np.where(np.isinf(limit), np.inf, limit * unit)
        return center - half, center + half

    def center_and_unit(self, model, X):
        """Return the prediction and what distances from it are counted in."""
        return column_or_1d(model.predict(X), dtype=float), 1.0


class Normalized(Absolute):
    """|y - m(x)| / s(x): intervals as wide as the model says that they should be."""

    needs = "pred_dist, or predict with return_std"

    def center_and_unit(self, model, X):
        """Return mean and standard deviation."""
        if hasattr(model, "pred_dist"):
            predicted = model.pred_dist(X)
            return np.asarray(predicted.mean(), float), np.asarray(predicted.std(), float)
        try:
            mean, std = model.predict(X, return_std=True)
        except TypeError as error:
            raise TypeError(
                f"conformity_score='normalized' needs an estimator with {self.needs}, got "
                f"{model!r}. Use conformity_score='absolute'."
            ) from error
        return np.asarray(mean, float), np.asarray(std, float)


class Quantile(Absolute):
    """max(l(x) - y, y - u(x)), with quantiles l and u that a model predicts."""

    needs = "predict_quantile or pred_dist"

    @staticmethod
    def fits(model):
        """Whether the model has what this score needs."""
        return hasattr(model, "predict_quantile") or hasattr(model, "pred_dist")

    def ends(self, model, X):
        """Return the predicted quantiles."""
        half = 0.5 * (1.0 - self.confidence)
        if hasattr(model, "predict_quantile"):
            return np.asarray(model.predict_quantile(X, [half, 1.0 - half]), dtype=float).T
        return model.pred_dist(X).interval(self.confidence)

    def measure(self, model, X, y):
        """Return the score of each row: negative between the quantiles."""
        lower, upper = self.ends(model, X)
        return np.maximum(lower - y, y - upper)

    def interval(self, model, X, limit):
        """Return the quantiles, moved; where they pass each other, the middle."""
        lower, upper = self.ends(model, X)
        middle = 0.5 * (lower + upper)
        crossed = lower - limit > upper + limit
        return np.where(crossed, middle, lower - limit), np.where(crossed, middle, upper + limit)


class Distribution(Absolute):
    """-min(F(y|x), 1 - F(y|x)): how far out in the tails of the predicted distribution y lies."""

    needs = "pred_dist"

    @staticmethod
    def fits(model):
        """Whether the model has what this score needs."""
        return hasattr(model, "pred_dist")

    def measure(self, model, X, y):
        """Return the score of each row, from -1/2 (the median) to 0."""
        predicted = model.pred_dist(X)
        return -np.minimum(predicted.cdf(y), predicted.sf(y))

    def interval(self, model, X, limit):
        """Return the quantiles that leave `-limit` on each side."""
        predicted = model.pred_dist(X)
        tail = np.clip(-np.asarray(limit), 0.0, 0.5)
        return predicted.ppf(tail), predicted.isf(tail)


SCORES = {
    "absolute": Absolute,
    "normalized": Normalized,
    "quantile": Quantile,
    "distribution": Distribution,
}
#: The first that an estimator has what it takes for.
PREFERRED = ("distribution", "quantile", "absolute")


def score_of(name, model, confidence):
    """Return the score of this name, or the one that suits the model best.

    Raises
    ------
    TypeError
        If the model lacks a method that the score needs.
    """
    if name == "auto":
        name = next(each for each in PREFERRED if SCORES[each].fits(model))
    score = SCORES[name](confidence)
    if not score.fits(model):
        raise TypeError(
            f"conformity_score={name!r} needs an estimator with {score.needs}, got {model!r}. Use "
            "conformity_score='absolute'."
        )
    return name, score
