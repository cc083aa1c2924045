#!/usr/bin/env python3
"""Golden files of the bidding linear program, solved by scipy's HiGHS.

    python3 make_golden.py [DIR]        DIR: folder with ipinyou_arbitrage/ (else ipinyou.json stays as it is)

lp.json holds small problems with their columns; ipinyou.json holds optima only, of logs that are not part of the repository.
"""
import json
import pathlib
import sys

import numpy as np
import scipy
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

HERE = pathlib.Path(__file__).parent


def solve(value, cost, kpis, budget, accrued):
    """kpis: list of (kind, limit, p, q or None); accrued: dict spent, value, numerators, denominators."""
    rows = [cost]
    right = [budget - accrued["spent"]]
    for j, (kind, limit, p, q) in enumerate(kpis):
        numerator = cost if kind == "cost" else q
        rows.append(numerator - limit * p)
        right.append(limit * accrued["denominators"][j] - accrued["numerators"][j])
    result = linprog(-value, A_ub=csr_matrix(np.vstack(rows)), b_ub=right, bounds=(0, 1), method="highs")
    if result.status == 2:
        return None
    assert result.status == 0, result.message
    return accrued["value"] - result.fun


def round6(x):
    return [float(f"{v:.6g}") for v in x]


def small_cases():
    rng = np.random.default_rng(7)
    for number in range(48):
        n = int(rng.integers(1, 160))
        tied = number % 3 == 0
        if tied:
            value = rng.integers(0, 4, n) / 4.0
            cost = rng.integers(0, 5, n).astype(float)
        else:
            value = rng.lognormal(-6, 1, n) * (rng.random(n) > 0.05)
            cost = rng.lognormal(-2, 0.8, n) * (rng.random(n) > 0.05)
        value, cost = np.array(round6(value)), np.array(round6(cost))
        kpis = []
        for j in range(number % 5):
            p = value if j == 0 and not tied else np.array(round6(rng.lognormal(-5, 1, n)))
            if tied:
                p = rng.integers(0, 3, n) / 2.0
            if rng.random() < 0.5:
                limit = float(f"{(cost.sum() + 1e-9) / max(p.sum(), 1e-9) * rng.uniform(0.4, 1.2) + 1e-6:.6g}")
                kpis.append(("cost", limit, p, None))
            else:
                q = np.ones(n) if rng.random() < 0.5 else np.array(round6(rng.lognormal(0, 0.5, n)))
                limit = float(f"{q.sum() / max(p.sum(), 1e-9) * rng.uniform(0.4, 1.2) + 1e-6:.6g}")
                kpis.append(("other", limit, p, q))
        budget = float(f"{cost.sum() * rng.choice([0.0, 0.02, 0.1, 0.4, 2.0]):.6g}")
        accrued = {"spent": 0.0, "value": 0.0, "numerators": [0.0] * len(kpis), "denominators": [0.0] * len(kpis)}
        if number % 4 == 3:
            accrued["spent"] = float(f"{budget * 0.3:.6g}")
            accrued["value"] = 0.5
            for j, (kind, limit, p, q) in enumerate(kpis):
                accrued["denominators"][j] = float(f"{p.sum() * 0.1:.6g}")
                numerator = limit * accrued["denominators"][j] * rng.uniform(0.8, 1.3)
                accrued["numerators"][j] = accrued["spent"] if kind == "cost" else float(f"{numerator:.6g}")
        optimum = solve(value, cost, kpis, budget, accrued)
        yield {
            "value": value.tolist(), "cost": cost.tolist(), "budget": budget, "accrued": accrued,
            "kpis": [{"kind": k, "limit": l, "p": p.tolist(), "q": None if q is None else q.tolist()} for k, l, p, q in kpis],
            "optimum": optimum,
        }


def ipinyou_cases(folder):
    for name in ["1458.train", "1458.test", "2259.test", "2261.test"]:
        log = np.loadtxt(folder / f"{name}.txt", delimiter="\t")
        cost, pctr = log[:, 1] / 1000, log[:, 2]
        for share in [1 / 2, 1 / 32]:
            budget = cost.sum() * share
            plain = {"spent": 0.0, "value": 0.0, "numerators": [], "denominators": []}
            yield {"log": name, "budgetShare": share, "cpc": None, "optimum": solve(pctr, cost, [], budget, plain)}
            with_kpi = {**plain, "numerators": [0.0], "denominators": [0.0]}
            for cpc in [30.0]:
                yield {
                    "log": name, "budgetShare": share, "cpc": cpc,
                    "optimum": solve(pctr, cost, [("cost", cpc, pctr, None)], budget, with_kpi),
                }


def write(name, cases):
    text = json.dumps({"made by": f"scipy {scipy.__version__} (HiGHS)", "cases": list(cases)}, separators=(",", ":"))
    (HERE / name).write_text(text.replace('{"value"', '\n{"value"').replace('{"log"', '\n{"log"') + "\n")


write("lp.json", small_cases())
if len(sys.argv) > 1:
    write("ipinyou.json", ipinyou_cases(pathlib.Path(sys.argv[1]) / "ipinyou_arbitrage"))
