using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Cli.Benches;

/// <summary>scipy's HiGHS on the same program, in a Python of its own; where there is none, there is no peer.</summary>
internal sealed record HighsPeer(string Name, double Ms, double Optimum)
{
    private const string Program = """
        import json, sys, time
        import numpy as np
        import scipy
        from scipy.optimize import linprog
        columns = np.fromfile(sys.argv[1]).reshape(int(sys.argv[2]), -1)
        right = [float(b) for b in sys.argv[3].split(",")]
        start = time.perf_counter()
        result = linprog(-columns[0], A_ub=columns[1:], b_ub=right, bounds=(0, 1), method="highs")
        assert result.status == 0, result.message
        print(json.dumps(dict(version=scipy.__version__, seconds=time.perf_counter() - start, optimum=-result.fun)))
        """;

    /// <summary>Runs the peer; null where no Python has scipy.</summary>
    public static HighsPeer? TryRun(AuctionLog log, CampaignGoal goal)
    {
        if (PythonPeer.TryFind("from scipy.optimize import linprog") is not { } python)
            return null;
        DirectoryInfo folder = Directory.CreateTempSubdirectory("recall-peer-");
        try
        {
            string path = Path.Combine(folder.FullName, "columns");
            var right = new double[1 + goal.Kpis.Length];
            right[0] = goal.Budget;
            using (FileStream stream = File.Create(path))
            {
                stream.Write(MemoryMarshal.AsBytes(log.Value));
                stream.Write(MemoryMarshal.AsBytes(log.Cost));
                for (int j = 0; j < goal.Kpis.Length; j++)
                    stream.Write(MemoryMarshal.AsBytes(Row(log, goal.Kpis[j], j).AsSpan()));
            }
            return Parse(python.Run(
                "HiGHS", Program, path, (2 + goal.Kpis.Length).ToString(CultureInfo.InvariantCulture),
                string.Join(',', right.Select(b => b.ToString("R", CultureInfo.InvariantCulture)))));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static double[] Row(AuctionLog log, KpiConstraint kpi, int index)
    {
        ReadOnlySpan<double> numerators = kpi.Kind == KpiKind.CostRelated ? log.Cost : log.Q(index), p = log.P(index);
        var row = new double[log.Count];
        for (int i = 0; i < row.Length; i++)
            row[i] = numerators[i] - (kpi.Limit * p[i]);
        return row;
    }

    private static HighsPeer Parse(JsonElement root) => new(
        $"HiGHS of scipy {root.GetProperty("version").GetString()}",
        root.GetProperty("seconds").GetDouble() * 1000,
        root.GetProperty("optimum").GetDouble());
}
