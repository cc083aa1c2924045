using System.Diagnostics;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Devices;

namespace RecallCluster.Cli.Benches;

/// <summary>
/// One line of the report: calls of <paramref name="Batch"/> ads by <paramref name="InFlight"/> callers at once. Figures are useful GFLOP/s
/// and scorings a second, the host's with the same callers.
/// </summary>
internal sealed record DeviceScoreRow(
    int Batch, int InFlight, double ScoringsPerSecond, double Gflops, double RequestsPerBatch, double HostScoringsPerSecond, double Ratio);

/// <summary>The report of <see cref="DeviceScoreBench"/>.</summary>
internal sealed record DeviceScoreReport(int Items, string Scorer, string Device, double LargestError, IReadOnlyList<DeviceScoreRow> Rows);

/// <summary>
/// Scorings a second of a device with everything in: packing, copies there and back, batching over callers; beside the host's SIMD scorer
/// with the same callers in the same run. Records and users are random.
/// </summary>
internal static class DeviceScoreBench
{
    private static readonly TimeSpan TimeOfRow = TimeSpan.FromSeconds(1);

    public static DeviceScoreReport Run(
        ScoreOptions options, DeviceOptions device, IReadOnlyList<int> inFlight, IProgress<string>? progress)
    {
        ArgumentNullException.ThrowIfNull(options);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("recall-bench-");
        try
        {
            progress?.Report($"filling {options.Items} records");
            var random = new SeededRandom(options.Seed);
            DeepAdModel model = ModelOf(options, random);
            FoldedWeights weights = ModelFolder.Weights(model);
            string path = Path.Combine(folder.FullName, "shard-0.index");
            WriteIndex(path, options.Items, weights, random);
            using AdIndex index = AdIndex.Open(path, IndexCheck.Header);
            using FoldedScorer host = FoldedScorer.Resident(weights, index.Records, index.Count, device.Precision != ScorerPrecision.Fp32);
            progress?.Report("warming up");
            using IDeviceShard shard = DevicePlugin.Load().Open(model, index, GuidedSearchParameters.Default, device);
            float[][] users = [.. Enumerable.Range(0, 64).Select(_ => ScoreBench.RandomUser(weights, random))];
            int[] ordinals = [.. Enumerable.Range(0, 1 << 18).Select(_ => random.NextInt(options.Items))];
            double error = LargestError(host, shard.Scorer, users, ordinals);
            var rows = new List<DeviceScoreRow>();
            foreach (int callers in inFlight)
            {
                foreach (int batch in options.Batches)
                {
                    progress?.Report($"batch {batch}, {callers} in flight");
                    rows.Add(Measure(weights, host, shard, users, ordinals, batch, callers));
                }
            }
            return new DeviceScoreReport(options.Items, device.Scorer.ToString(), shard.Description, error, rows);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static DeviceScoreRow Measure(
        FoldedWeights weights, FoldedScorer host, IDeviceShard shard, float[][] users, int[] ordinals, int batch, int callers)
    {
        ScoringsPerSecond(shard.Scorer, users, ordinals, batch, callers, TimeOfRow / 4);
        DeviceFigures before = shard.Figures;
        double ours = ScoringsPerSecond(shard.Scorer, users, ordinals, batch, callers, TimeOfRow);
        DeviceFigures done = shard.Figures.Since(before);
        double hosts = ScoringsPerSecond(host, users, ordinals, batch, callers, TimeOfRow);
        long products = ((long)weights.Width * (weights.Hidden1 + 2)) + ((long)weights.Hidden1 * weights.Hidden2) + weights.Hidden2;
        return new DeviceScoreRow(
            batch, callers, ours, 2e-9 * products * ours, (double)done.Requests / Math.Max(1, done.Batches), hosts, ours / hosts);
    }

    private static double ScoringsPerSecond(IScorer scorer, float[][] users, int[] ordinals, int batch, int callers, TimeSpan time)
    {
        long scored = 0, start = Stopwatch.GetTimestamp();
        Thread[] threads =
        [
            .. Enumerable.Range(0, callers).Select(caller => new Thread(() =>
            {
                var scores = new float[batch];
                int at = caller * 4_099, calls = 0;
                for (; Stopwatch.GetElapsedTime(start) < time; calls++)
                {
                    at = (at + batch) % (ordinals.Length - batch);
                    scorer.Score(users[(caller + calls) % users.Length], ordinals.AsSpan(at, batch), scores);
                }
                Interlocked.Add(ref scored, (long)calls * batch);
            })),
        ];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return scored / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double LargestError(FoldedScorer host, IScorer device, float[][] users, int[] ordinals)
    {
        const int Ads = 2_000;
        var expected = new float[Ads];
        var scores = new float[Ads];
        double largest = 0;
        foreach (float[] user in users[..4])
        {
            host.Score(user, ordinals.AsSpan(0, Ads), expected);
            device.Score(user, ordinals.AsSpan(0, Ads), scores);
            for (int i = 0; i < Ads; i++)
                largest = Math.Max(largest, Math.Abs(expected[i] - scores[i]) / (1 + Math.Abs(expected[i])));
        }
        return largest;
    }

    // Its upper layers are used; the records are not its ads'.
    private static DeepAdModel ModelOf(ScoreOptions options, SeededRandom random) => (DeepAdModel)ModelDirectory.Create(
        new ModelConfig
        {
            Kind = ModelKind.Deep,
            Items = 1,
            ItemFields = [.. Enumerable.Range(1, Math.Max(0, options.MatchFields - 1)).Select(field => new ModelField($"field{field}", 2))],
            Width = options.Width,
            Hidden1 = options.Hidden1,
            Hidden2 = options.Hidden2,
            HistoryMatch = options.MatchFields > 0,
        },
        random);

    // Nobody walks it, so its graph has no links.
    private static void WriteIndex(string path, int items, FoldedWeights weights, SeededRandom random)
    {
        using var records = new NativeBlock<float>((long)items * weights.RecordLength);
        ScoreBench.FillRecords(records, weights, random);
        using var vectors = new NativeBlock<float>((long)items * weights.Width);
        using var levels = new NativeBlock<byte>(items);
        using var splits = new NativeBlock<int>(items + 1L);
        using var none = new NativeBlock<int>(0);
        using var upperRows = new NativeBlock<int>(items);
        using var upperSplits = new NativeBlock<int>(1);
        for (int i = 0; i < items; i++)
            upperRows[i] = -1;
        AdIndexFile.Write(path, new AdIndexContents
        {
            Graph = new HnswGraph(items, 1, 1, 0, levels, splits, none, upperRows, upperSplits, none),
            Dim = weights.Width,
            Vectors = vectors,
            RecordLength = weights.RecordLength,
            Records = records,
            Ids = [.. Enumerable.Range(0, items).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))],
        });
    }
}
