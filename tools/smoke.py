#!/usr/bin/env python3
"""Fit one model of each family with an installed optlite: what a wheel must do where it lands."""

import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

import optlite
from optlite.linear_model import LogisticRegression, Ridge


def main():
    """Fit, compare with known scores, print the configuration."""
    warnings.simplefilter("error")
    optlite.show_config()
    for load, model, least in (
        (load_breast_cancer, LogisticRegression(), 0.95),
        (load_digits, LogisticRegression(), 0.95),
        (load_diabetes, Ridge(alpha=0.1), 0.4),
    ):
        X, y = load(return_X_y=True)
        score = model.fit(X, y).score(X, y)
        print(f"{load.__name__[5:]}: {model}, score {score:.4f}")
        good = score > least and np.all(np.isfinite(model.coef_))
        if not (good and model.converged_ and model.certificate_ <= 1e-8):
            raise SystemExit(f"expected a certified score above {least}, got {score}")


if __name__ == "__main__":
    main()
