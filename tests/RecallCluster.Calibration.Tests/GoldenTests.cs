using System.Text.Json;
using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Methods;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Numerics;
using static RecallCluster.Calibration.Tests.Golden;

namespace RecallCluster.Calibration.Tests;

public class GoldenTests
{
    [Fact]
    public void Isotonic_regression_equals_scikit_learn()
    {
        foreach (JsonElement golden in Read("isotonic").EnumerateArray())
        {
            double[] w = golden.GetProperty("w").ValueKind == JsonValueKind.Null ? [] : golden.Numbers("w");
            PiecewiseLinearMap map = IsotonicRegression.Fit(golden.Numbers("p"), golden.Numbers("y"), w);
            double[] query = golden.Numbers("query"), expected = golden.Numbers("expected");
            for (int i = 0; i < query.Length; i++)
                Close(expected[i], map.Apply(query[i]), 1e-11);
        }
    }

    [Fact]
    public void Metrics_equal_scikit_learn()
    {
        foreach (JsonElement golden in Read("metrics").EnumerateArray())
        {
            double[] p = golden.Numbers("p"), w = golden.Numbers("w");
            byte[] y = golden.Labels("y");
            Close(golden.Number("logLoss"), CalibrationMetrics.LogLoss(p, y));
            Close(golden.Number("weightedLogLoss"), CalibrationMetrics.LogLoss(p, y, w));
            Close(golden.Number("brier"), CalibrationMetrics.Brier(p, y));
            Close(golden.Number("weightedBrier"), CalibrationMetrics.Brier(p, y, w));
            Close(golden.Number("auc"), CalibrationMetrics.Auc(p, y));
            Close(golden.Number("weightedAuc"), CalibrationMetrics.Auc(p, y, w));
            CheckCurve(golden.GetProperty("uniform"), ReliabilityTable.EqualWidth(p, y, 7));
            CheckCurve(golden.GetProperty("quantile"), ReliabilityTable.EqualFrequency(p, y, 7));
        }
    }

    [Fact]
    public void Beta_binomial_strength_is_the_likelihood_maximum_that_scipy_finds()
    {
        foreach (JsonElement golden in Read("beta_binomial").GetProperty("strengths").EnumerateArray())
        {
            double[] k = golden.Numbers("k"), n = golden.Numbers("n"), m = golden.Numbers("m");
            BetaBinomial.Unit[] units = [.. k.Select((positives, i) => new BetaBinomial.Unit(positives, n[i], m[i]))];
            double strength = BetaBinomial.FitStrength(units);
            Close(golden.Number("strength"), strength, 1e-4);
            Close(golden.Number("logLikelihood"), BetaBinomial.LogLikelihood(units, strength), 1e-10);
        }
    }

    [Fact]
    public void Beta_prior_is_the_likelihood_maximum_that_scipy_finds()
    {
        foreach (JsonElement golden in Read("beta_binomial").GetProperty("pairs").EnumerateArray())
        {
            (double a, double b) = BetaBinomial.Fit(golden.Numbers("k"), golden.Numbers("n"));
            Close(golden.Number("a"), a, 1e-4);
            Close(golden.Number("b"), b, 1e-4);
        }
    }

    [Fact]
    public void Digamma_and_log_gamma_equal_scipy()
    {
        JsonElement golden = Read("beta_binomial").GetProperty("special");
        double[] x = golden.Numbers("x"), digamma = golden.Numbers("digamma"), logGamma = golden.Numbers("logGamma");
        for (int i = 0; i < x.Length; i++)
        {
            Close(digamma[i], SpecialFunctions.Digamma(x[i]), 1e-13);
            Close(logGamma[i], SpecialFunctions.LogGamma(x[i]), 1e-13);
        }
    }

    [Fact]
    public void Platt_temperature_and_beta_equal_scikit_learn_and_scipy()
    {
        foreach (JsonElement golden in Read("logistic").EnumerateArray())
        {
            var counts = new ContextCounts();
            counts.At(null).Add(golden.Numbers("p"), golden.Labels("y"));
            double[] query = golden.Numbers("query"), platt = golden.Numbers("platt"), beta = golden.Numbers("beta");
            CalibrationMap plattMap = new PlattScaling().Fit(counts).Root, betaMap = new BetaCalibration().Fit(counts).Root;
            for (int i = 0; i < query.Length; i++)
            {
                Close(platt[i], plattMap.Apply(query[i]), 1e-5);
                Close(beta[i], betaMap.Apply(query[i]), 1e-4);
            }
            var temperature = Assert.IsType<LogisticMap>(new TemperatureScaling().Fit(counts).Root);
            Close(golden.Number("temperature"), temperature.A, 1e-6);
        }
    }

    private static void CheckCurve(JsonElement golden, ReliabilityRow[] rows)
    {
        double[] rate = golden.Numbers("rate"), mean = golden.Numbers("mean");
        Assert.Equal(rate.Length, rows.Length);
        for (int i = 0; i < rows.Length; i++)
        {
            Close(rate[i], rows[i].Rate);
            Close(mean[i], rows[i].MeanPrediction);
            Assert.InRange(rows[i].Rate, rows[i].Low, rows[i].High);
        }
    }
}
