"""Golden values for the tests of experiments' statistics, from numpy and scipy.

Run from this folder with Python 3 that has numpy and scipy; writes statistics.json beside itself.
Made with scipy 1.10.1, numpy 1.24.2.
"""
import json

import numpy as np
from scipy import special, stats

BLOCKS = 50
rng = np.random.default_rng(20260301)


def lift(y, x, control_y, control_x):
    """Lift of a ratio with a delete-one-block jackknife; the interval is Student's with one degree less than blocks."""
    def value(keep):
        return (y[keep].sum() / x[keep].sum()) / (control_y[keep].sum() / control_x[keep].sum()) - 1

    every = np.arange(BLOCKS)
    whole = value(every)
    without = np.array([value(every != b) for b in every])
    error = np.sqrt((BLOCKS - 1) / BLOCKS * ((without - without.mean()) ** 2).sum())
    low, high = stats.t.interval(0.95, BLOCKS - 1, loc=whole, scale=error)
    return dict(value=whole, low=low, high=high)


def lifts():
    cases = []
    for requests, rate, effect in [(40, 0.1, 0.0), (400, 0.03, 0.2), (4000, 0.3, -0.05), (25, 0.02, 1.0)]:
        activity = rng.gamma(2, 0.5, (2, BLOCKS))
        x = rng.poisson(requests * activity) + 1
        y = rng.binomial(x, np.array([[rate * (1 + effect)], [rate]]))
        y[1, 0] += 1
        cases.append(dict(y=y[0].tolist(), x=x[0].tolist(), controlY=y[1].tolist(), controlX=x[1].tolist(),
                          expected=lift(y[0], x[0], y[1], x[1])))
    return cases


def sample_ratios():
    """Rao and Scott: Pearson's statistic over the mean design effect of the arms' totals, estimated from the blocks."""
    cases = []
    for weights, skew, clusters in [([1, 1], 0, 1), ([1, 1], 0.02, 1), ([3, 1], 0, 20), ([1, 2, 5], 0.03, 3), ([1, 1, 1, 1], 0, 1)]:
        p = np.array(weights) / sum(weights)
        q = p.copy()
        q[0] += skew
        q /= q.sum()
        requests = np.array([clusters * rng.multinomial(rng.poisson(300), q) for _ in range(BLOCKS)]).T
        expected = p * requests.sum()
        plain = stats.chisquare(requests.sum(axis=1), expected).statistic
        differences = requests - np.outer(p, requests.sum(axis=0))
        variances = BLOCKS * differences.var(axis=1, ddof=1)
        effect = max(1, (variances / expected).sum() / (len(p) - 1))
        cases.append(dict(weights=weights, requests=requests.tolist(), expected=stats.chi2.sf(plain / effect, len(p) - 1)))
    return cases


def tails():
    x = np.concatenate([[0.0], rng.uniform(0, 40, 40), [1e-8, 400.0]])
    degrees = rng.integers(1, 12, len(x))
    a, z = rng.uniform(0.05, 60, 60), rng.uniform(0, 90, 60)
    return dict(x=x.tolist(), degrees=degrees.tolist(), chiSquare=stats.chi2.sf(x, degrees).tolist(),
                a=a.tolist(), z=z.tolist(), gamma=special.gammaincc(a, z).tolist())


with open("statistics.json", "w", encoding="utf-8") as file:
    json.dump(dict(lifts=lifts(), sampleRatios=sample_ratios(), tails=tails()), file, indent=None, separators=(",", ":"))
    file.write("\n")
