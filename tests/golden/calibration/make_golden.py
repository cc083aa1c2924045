"""Golden values for the calibration tests, from scikit-learn and scipy.

Run from this folder with Python 3 that has numpy, scipy and scikit-learn; writes the .json files beside itself.
Made with scikit-learn 1.2.1, scipy 1.10.1, numpy 1.24.2.
"""
import json

import numpy as np
from scipy import optimize, special
from sklearn.calibration import _SigmoidCalibration, calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

rng = np.random.default_rng(20260101)


def write(name, value):
    with open(name + ".json", "w", encoding="utf-8") as file:
        json.dump(value, file, indent=None, separators=(",", ":"))
        file.write("\n")


def isotonic():
    cases = []
    for n, digits in [(1, 6), (2, 6), (40, 2), (300, 6), (300, 2)]:
        p = np.round(rng.uniform(0, 1, n), digits)
        y = (rng.uniform(0, 1, n) < p**1.5).astype(float)
        w = np.round(rng.uniform(0.1, 3, n), 3)
        query = np.concatenate([p, rng.uniform(0, 1, 50), [0.0, 1.0]])
        for weights in (None, w):
            model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(p, y, weights)
            cases.append(dict(p=p.tolist(), y=y.tolist(), w=None if weights is None else w.tolist(),
                              query=query.tolist(), expected=model.predict(query).tolist()))
    write("isotonic", cases)


def metrics():
    cases = []
    for n, digits in [(50, 8), (500, 8), (500, 1)]:
        p = np.clip(np.round(rng.beta(1, 6, n), digits), 0.001, 0.999)
        y = (rng.uniform(0, 1, n) < p).astype(int)
        w = np.round(rng.uniform(0, 3, n), 3)
        case = dict(p=p.tolist(), y=y.tolist(), w=w.tolist(),
                    logLoss=log_loss(y, p), weightedLogLoss=log_loss(y, p, sample_weight=w),
                    brier=brier_score_loss(y, p), weightedBrier=brier_score_loss(y, p, sample_weight=w),
                    auc=roc_auc_score(y, p), weightedAuc=roc_auc_score(y, p, sample_weight=w))
        for strategy in ("uniform", "quantile"):
            rate, mean = calibration_curve(y, p, n_bins=7, strategy=strategy)
            case[strategy] = dict(rate=rate.tolist(), mean=mean.tolist())
        cases.append(case)
    write("metrics", cases)


def log_likelihood(k, n, a, b):
    return np.sum(special.betaln(k + a, n - k + b) - special.betaln(a, b))


def beta_binomial():
    strengths, pairs = [], []
    for units, s in [(60, 20.0), (400, 150.0), (400, 1500.0), (2000, 8.0)]:
        m = rng.uniform(0.005, 0.2, units)
        n = rng.integers(1, 800, units).astype(float)
        theta = rng.beta(s * m, s * (1 - m))
        k = rng.binomial(n.astype(int), theta).astype(float)
        best = optimize.minimize_scalar(lambda t: -log_likelihood(k, n, np.exp(t) * m, np.exp(t) * (1 - m)),
                                        bounds=(-3, 13), method="bounded", options=dict(xatol=1e-12))
        strengths.append(dict(k=k.tolist(), n=n.tolist(), m=m.tolist(), strength=float(np.exp(best.x)), logLikelihood=-float(best.fun)))
    for units, a, b in [(200, 2.0, 60.0), (1000, 0.7, 9.0)]:
        n = rng.integers(5, 600, units).astype(float)
        k = rng.binomial(n.astype(int), rng.beta(a, b, units)).astype(float)
        best = optimize.minimize(lambda t: -log_likelihood(k, n, np.exp(t[0]), np.exp(t[1])), x0=[0.0, 3.0],
                                 method="Nelder-Mead", options=dict(xatol=1e-10, fatol=1e-12, maxiter=20000, maxfev=20000))
        pairs.append(dict(k=k.tolist(), n=n.tolist(), a=float(np.exp(best.x[0])), b=float(np.exp(best.x[1])), logLikelihood=-float(best.fun)))
    x = np.concatenate([np.geomspace(1e-4, 1, 9), np.linspace(1.3, 30, 12), np.geomspace(50, 1e6, 6)])
    write("beta_binomial", dict(strengths=strengths, pairs=pairs,
                                special=dict(x=x.tolist(), digamma=special.digamma(x).tolist(), logGamma=special.gammaln(x).tolist())))


def logistic():
    """Platt by scikit-learn on the logit; beta and temperature by scipy's BFGS; predictions lie on few values, so that the grid is exact."""
    cases = []
    values = np.array([0.01, 0.02, 0.03, 0.05, 0.08, 0.13, 0.2, 0.3, 0.45, 0.6, 0.8])
    for slope, shift, n in [(0.7, -0.4, 4000), (1.4, 0.5, 4000), (1.0, -1.0, 60)]:
        p = rng.choice(values, n)
        z = np.log(p / (1 - p))
        y = (rng.uniform(0, 1, n) < 1 / (1 + np.exp(-(slope * z + shift)))).astype(float)
        platt = _SigmoidCalibration().fit(z, y)
        up, down = y.sum(), n - y.sum()
        target = np.where(y > 0, (up + 1) / (up + 2), 1 / (down + 2))

        def loss(logit):
            return np.sum(np.logaddexp(0, logit) - target * logit)

        temperature = optimize.minimize_scalar(lambda t: loss(t * z), bounds=(0.01, 10), method="bounded", options=dict(xatol=1e-12))
        beta = optimize.minimize(lambda c: loss(c[0] * np.log(p) - c[1] * np.log(1 - p) + c[2]), x0=[1, 1, 0],
                                 bounds=[(0, None), (0, None), (None, None)], method="L-BFGS-B",
                                 options=dict(ftol=1e-15, gtol=1e-10, maxiter=10000, maxfun=100000))
        logit = beta.x[0] * np.log(values) - beta.x[1] * np.log(1 - values) + beta.x[2]
        cases.append(dict(p=p.tolist(), y=y.tolist(), query=values.tolist(),
                          platt=platt.predict(np.log(values / (1 - values))).tolist(),
                          temperature=float(temperature.x),
                          beta=(1 / (1 + np.exp(-logit))).tolist()))
    write("logistic", cases)


isotonic()
metrics()
beta_binomial()
logistic()
