using System.Diagnostics;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;

namespace RecallCluster.Cli.Benches;

/// <summary>How the records that <see cref="ScoreBench"/> scores are held.</summary>
internal enum ScoreRecords
{
    /// <summary>In single precision.</summary>
    Float32,

    /// <summary>Rounded to bfloat16.</summary>
    Bfloat16,
}

/// <summary>What <see cref="ScoreBench"/> measures.</summary>
internal sealed record ScoreOptions
{
    /// <summary>Records in the table; the ads scored are drawn from all of it.</summary>
    public int Items { get; init; } = 1_000_000;

    /// <summary>How the records are held.</summary>
    public ScoreRecords Records { get; init; } = ScoreRecords.Float32;

    /// <summary>Embedding width.</summary>
    public int Width { get; init; } = 64;

    /// <summary>Width of the first hidden layer.</summary>
    public int Hidden1 { get; init; } = 128;

    /// <summary>Width of the second hidden layer.</summary>
    public int Hidden2 { get; init; } = 64;

    /// <summary>Fields of the history match; each is a lookup an ad, which counts no flop.</summary>
    public int MatchFields { get; init; } = 4;

    /// <summary>Ads per call.</summary>
    public IReadOnlyList<int> Batches { get; init; } = [1, 8, 64, 256, 1024, 4096];

    /// <summary>Threads that share a call.</summary>
    public IReadOnlyList<int> Threads { get; init; } = [1, 2];

    /// <summary>Rounds of ours and the peer's, one after the other; the medians are reported.</summary>
    public int Rounds { get; init; } = 201;

    /// <summary>Ads scored per round at least.</summary>
    public int AdsPerRound { get; init; } = 4_096;

    public ulong Seed { get; init; } = 1;
}

/// <summary>
/// One line of the report; figures are useful GFLOP/s, medians over the rounds. The peer's are null where it is not installed.
/// </summary>
internal sealed record ScoreRow(int Batch, int Threads, double Gflops, double? PeerGflops, double? Ratio);

/// <summary>The report of <see cref="ScoreBench"/>.</summary>
internal sealed record ScoreReport(int Items, string Records, string Simd, string? Peer, double LargestError, IReadOnlyList<ScoreRow> Rows);

/// <summary>
/// Useful GFLOP/s of the folded scorer, gathers from a large table and activations inside the measured time, beside OpenBLAS sgemm at the
/// shapes of its two layers with everything in cache: (B x d)(d x h1 + 1) and (B x h1)(h1 x h2).
/// </summary>
internal static unsafe class ScoreBench
{
    // A smaller share takes hardly longer than handing it to another thread.
    private const int SmallestShare = 64;

    public static ScoreReport Run(ScoreOptions options, IProgress<string>? progress)
    {
        ArgumentNullException.ThrowIfNull(options);
        var random = new SeededRandom(options.Seed);
        progress?.Report($"filling {options.Items} records");
        FoldedWeights weights = RandomWeights(options, random);
        using var records = new NativeBlock<float>((long)options.Items * weights.RecordLength);
        FillRecords(records, weights, random);
        float[] user = RandomUser(weights, random);
        int[] ordinals = new int[1 << 20];
        for (int i = 0; i < ordinals.Length; i++)
            ordinals[i] = random.NextInt(options.Items);
        using FoldedScorer scorer = FoldedScorer.Resident(weights, records, options.Items, options.Records == ScoreRecords.Bfloat16);
        double tolerance = options.Records == ScoreRecords.Bfloat16 ? 0.05 : 1e-4;
        double error = LargestError(weights, records, user, ordinals.AsSpan(0, 500), scorer, tolerance);

        OpenBlas? peer = OpenBlas.TryLoad();
        if (peer is null)
            progress?.Report("OpenBLAS is not installed: the peer's columns are empty");
        var rows = new List<ScoreRow>();
        foreach (int threads in options.Threads)
        {
            using var team = new WorkerTeam(threads);
            foreach (int batch in options.Batches)
            {
                progress?.Report($"batch {batch}, {threads} {(threads == 1 ? "thread" : "threads")}");
                rows.Add(Measure(options, weights, scorer, user, ordinals, peer, team, batch));
            }
        }
        return new ScoreReport(options.Items, options.Records.ToString().ToLowerInvariant(), Simd.Path.ToString(), peer?.Name, error, rows);
    }

    private static ScoreRow Measure(
        ScoreOptions options,
        FoldedWeights weights,
        FoldedScorer scorer,
        float[] user,
        int[] ordinals,
        OpenBlas? peer,
        WorkerTeam team,
        int batch)
    {
        int calls = Math.Max(1, options.AdsPerRound / batch);
        double ads = (double)calls * batch;
        long products = ((long)weights.Width * (weights.Hidden1 + 1)) + ((long)weights.Hidden1 * weights.Hidden2);
        long withOutput = products + weights.Hidden2 + weights.Width;
        float[] scores = new float[batch];
        using var product = new PeerProducts(weights, batch);
        peer?.SetThreads(team.Size);

        var ours = new double[options.Rounds];
        var theirs = new double[options.Rounds];
        int position = 0;
        for (int round = -2; round < options.Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int call = 0; call < calls; call++)
            {
                position = position + batch > ordinals.Length ? 0 : position;
                int parts = Math.Clamp(batch / SmallestShare, 1, team.Size);
                team.Run(parts, new ShareJob(scorer, user, ordinals, position, batch, scores, parts));
                position += batch;
            }
            double ourSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            start = Stopwatch.GetTimestamp();
            for (int call = 0; peer is not null && call < calls; call++)
                product.Run(peer);
            double theirSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (round >= 0)
            {
                ours[round] = 2 * ads * withOutput / ourSeconds * 1e-9;
                theirs[round] = 2 * ads * products / theirSeconds * 1e-9;
            }
        }
        double gflops = Median(ours);
        double? peerGflops = peer is null ? null : Median(theirs);
        return new ScoreRow(batch, team.Size, gflops, peerGflops, gflops / peerGflops);
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }

    private static FoldedWeights RandomWeights(ScoreOptions options, SeededRandom random) => new(
        options.Width,
        Uniform(options.Hidden1, 0, 0.5f, random),
        Uniform(options.Hidden1 * options.Hidden2, -0.1f, 0.1f, random),
        Uniform(options.Hidden2, -0.1f, 0.1f, random),
        Uniform(options.Hidden2, 0, 0.5f, random),
        Uniform(options.Hidden2, -0.3f, 0.3f, random),
        0.1f,
        options.MatchFields == 0 ? default : new MatchLayout(options.MatchFields, 128));

    // phi = elu + 1 is positive, so the attention's denominator is too.
    public static float[] RandomUser(FoldedWeights weights, SeededRandom random)
    {
        float[] user = Uniform(weights.UserStateLength, -1, 1, random);
        Uniform(weights.Width, 0.1f, 2, random).CopyTo(user, weights.NormalizerOffset);
        int[] behaviours = Codes(50 * weights.Match.Fields, random);
        weights.Match.WriteTables(
            behaviours, Uniform(weights.Match.Fields * MatchLayout.Levels, -1, 1, random), user.AsSpan(weights.MatchOffset));
        return user;
    }

    public static void FillRecords(NativeBlock<float> records, FoldedWeights weights, SeededRandom random)
    {
        int length = weights.RecordLength, floats = weights.Width + weights.Hidden1;
        for (long record = 0; record < records.Length; record += length)
        {
            Span<float> values = records.Span(record, length);
            weights.Match.WriteCodes(Codes(weights.Match.Fields, random), values[floats..]);
            for (int k = 0; k < floats; k++)
                values[k] = (2 * random.NextSingle()) - (k < weights.Width ? 0 : 1);
        }
    }

    private static int[] Codes(int count, SeededRandom random)
    {
        int[] codes = new int[count];
        for (int i = 0; i < count; i++)
            codes[i] = random.NextInt(1_000);
        return codes;
    }

    private static float[] Uniform(int length, float low, float high, SeededRandom random)
    {
        float[] values = new float[length];
        for (int i = 0; i < length; i++)
            values[i] = low + ((high - low) * random.NextSingle());
        return values;
    }

    // A fast wrong kernel is worth nothing: the formula in double precision comes first.
    private static double LargestError(
        FoldedWeights weights, NativeBlock<float> records, float[] user, ReadOnlySpan<int> ordinals, FoldedScorer scorer, double tolerance)
    {
        float[] scores = new float[ordinals.Length];
        scorer.Score(user, ordinals, scores);
        double largest = 0;
        for (int i = 0; i < ordinals.Length; i++)
        {
            double exact = Exact(weights, user, records.Span((long)ordinals[i] * weights.RecordLength, weights.RecordLength));
            double error = Math.Abs(scores[i] - exact);
            if (!(error <= tolerance * (1 + Math.Abs(exact))))
                throw new InvalidOperationException($"Ad {ordinals[i]} is scored {scores[i]}; the formula gives {exact}.");
            largest = Math.Max(largest, error);
        }
        return largest;
    }

    private static double Exact(FoldedWeights weights, ReadOnlySpan<float> user, ReadOnlySpan<float> record)
    {
        ReadOnlySpan<float> phi = record[..weights.Width], target = record.Slice(weights.Width, weights.Hidden1);
        double normalizer = FoldedWeights.Epsilon, score = weights.B3;
        for (int k = 0; k < phi.Length; k++)
        {
            normalizer += (double)phi[k] * user[weights.NormalizerOffset + k];
            score += (double)phi[k] * user[weights.InteractionOffset + k];
        }
        double[] hidden = new double[weights.Hidden1];
        for (int c = 0; c < hidden.Length; c++)
        {
            double attention = 0;
            for (int k = 0; k < phi.Length; k++)
                attention += (double)phi[k] * user[weights.AttentionOffset + (k * hidden.Length) + c];
            double x = user[c] + target[c] + (attention / normalizer);
            hidden[c] = x < 0 ? x * weights.Slope1[c] : x;
        }
        for (int c = 0; c < weights.Hidden2; c++)
        {
            double x = weights.B2[c];
            for (int k = 0; k < hidden.Length; k++)
                x += weights.W2[(c * hidden.Length) + k] * hidden[k];
            score += weights.W3[c] * (x < 0 ? x * weights.Slope2[c] : x);
        }
        fixed (float* tables = user[weights.MatchOffset..], codes = record[(weights.Width + weights.Hidden1)..])
            return score + weights.Match.Sum(tables, (int*)codes);
    }

    /// <summary>One call, its ads shared evenly among a team.</summary>
    private readonly struct ShareJob(
        FoldedScorer scorer, float[] user, int[] ordinals, int start, int count, float[] scores, int parts) : IParallelJob
    {
        public void Run(int part)
        {
            (int first, int end) = WorkerTeam.Slice(count, part, parts);
            scorer.Score(user, ordinals.AsSpan(start + first, end - first), scores.AsSpan(first, end - first));
        }
    }

    /// <summary>The peer's products at the shapes of the two layers.</summary>
    private sealed class PeerProducts(FoldedWeights weights, int batch) : IDisposable
    {
        private readonly NativeBlock<float> _features = Filled((long)batch * weights.Width);
        private readonly NativeBlock<float> _first = Filled((long)weights.Width * (weights.Hidden1 + 1));
        private readonly NativeBlock<float> _before = new((long)batch * (weights.Hidden1 + 1));
        private readonly NativeBlock<float> _hidden = Filled((long)batch * weights.Hidden1);
        private readonly NativeBlock<float> _second = Filled((long)weights.Hidden1 * weights.Hidden2);
        private readonly NativeBlock<float> _after = new((long)batch * weights.Hidden2);

        public void Run(OpenBlas peer)
        {
            peer.Multiply(_features.Pointer, _first.Pointer, _before.Pointer, batch, weights.Hidden1 + 1, weights.Width);
            peer.Multiply(_hidden.Pointer, _second.Pointer, _after.Pointer, batch, weights.Hidden2, weights.Hidden1);
        }

        public void Dispose()
        {
            _features.Dispose();
            _first.Dispose();
            _before.Dispose();
            _hidden.Dispose();
            _second.Dispose();
            _after.Dispose();
        }

        private static NativeBlock<float> Filled(long length)
        {
            var block = new NativeBlock<float>(length);
            for (long i = 0; i < length; i++)
                block[i] = (i % 7) * 0.1f;
            return block;
        }
    }
}
