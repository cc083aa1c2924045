using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Cli.Benches;

/// <summary>
/// scikit-learn's isotonic regression on the same samples, in a Python of its own; where there is none, there is no peer.
/// </summary>
internal sealed record SklearnPeer(string Name, double FitMs, double PoolMs, double[] Query, double[] Fitted)
{
    private const string Program = """
        import json, sys, time
        import numpy as np
        import sklearn
        from sklearn.isotonic import IsotonicRegression, isotonic_regression
        x, y, rounds = np.fromfile(sys.argv[1]), np.fromfile(sys.argv[2]), int(sys.argv[3])
        order = np.lexsort((y, x))
        ordered = y[order].copy()
        fit = pool = float("inf")
        for _ in range(rounds):
            start = time.perf_counter()
            model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(x, y)
            fit = min(fit, time.perf_counter() - start)
            start = time.perf_counter()
            isotonic_regression(ordered)
            pool = min(pool, time.perf_counter() - start)
        query = np.quantile(x, np.linspace(0, 1, 201))
        print(json.dumps(dict(version=sklearn.__version__, fit=fit, pool=pool, query=query.tolist(), fitted=model.predict(query).tolist())))
        """;

    /// <summary>Runs the peer; null where no Python has scikit-learn.</summary>
    public static SklearnPeer? TryRun(double[] x, double[] y, int rounds)
    {
        if (PythonPeer.TryFind("import sklearn.isotonic") is not { } python)
            return null;
        DirectoryInfo folder = Directory.CreateTempSubdirectory("recall-peer-");
        try
        {
            string xPath = Path.Combine(folder.FullName, "x"), yPath = Path.Combine(folder.FullName, "y");
            File.WriteAllBytes(xPath, MemoryMarshal.AsBytes(x.AsSpan()));
            File.WriteAllBytes(yPath, MemoryMarshal.AsBytes(y.AsSpan()));
            return Parse(python.Run("scikit-learn", Program, xPath, yPath, rounds.ToString(CultureInfo.InvariantCulture)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Largest difference between a map and the peer's fit over 201 quantiles of the predictions.</summary>
    public double LargestDifference(CalibrationMap map) => Query.Select((q, i) => Math.Abs(map.Apply(q) - Fitted[i])).Max();

    private static SklearnPeer Parse(JsonElement root)
    {
        double[] Numbers(string name) => [.. root.GetProperty(name).EnumerateArray().Select(n => n.GetDouble())];
        return new SklearnPeer(
            "scikit-learn " + root.GetProperty("version").GetString(),
            root.GetProperty("fit").GetDouble() * 1000,
            root.GetProperty("pool").GetDouble() * 1000,
            Numbers("query"), Numbers("fitted"));
    }
}
