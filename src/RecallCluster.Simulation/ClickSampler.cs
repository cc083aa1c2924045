using RecallCluster.Data;
using RecallCluster.Numerics;

namespace RecallCluster.Simulation;

/// <summary>
/// Draws users' clicks. Each interest of a user is shown a slate of its category's ads (all of them, or a run of 512 from a random place:
/// ads stand in no order within a category), on which every want is computed exactly; a click is then one draw over all slates together.
/// </summary>
internal sealed class ClickSampler(SyntheticWorldOptions options, AdCatalogue ads, UserPopulation users, SeededRandom random)
{
    private const int SlateSize = 512;
    private const int UserBlock = 256;
    private const int RedrawsOfSeenAd = 8;
    private const int SimulatedSeconds = 30 * 86_400;

    private readonly SeededRandom _schedules = random.Split(0), _clicks = random.Split(1);
    private readonly PreferenceFunction _preference = new(options, ads);

    /// <summary>Draws all events and splits them; the result does not depend on <paramref name="parallel"/>.</summary>
    public (EventLog Train, EventLog Validation, EventLog Test) Draw(ParallelOptions parallel, IProgress<double>? progress)
    {
        int[] trainSplits = new int[options.Users + 1], heldOutSplits = new int[options.Users + 1];
        for (int user = 0; user < options.Users; user++)
        {
            (int clicks, bool heldOut) = Schedule(user);
            trainSplits[user + 1] = trainSplits[user] + clicks - (heldOut ? 2 : 0);
            heldOutSplits[user + 1] = heldOutSplits[user] + (heldOut ? 1 : 0);
        }
        EventLog train = Allocate(trainSplits), validation = Allocate(heldOutSplits), test = Allocate([.. heldOutSplits]);

        int done = 0;
        int blocks = (options.Users + UserBlock - 1) / UserBlock;
        Parallel.For(
            0,
            blocks,
            parallel,
            () => new Scratch(options),
            (block, _, scratch) =>
            {
                for (int user = block * UserBlock; user < Math.Min((block + 1) * UserBlock, options.Users); user++)
                {
                    DrawUser(user, scratch);
                    Store(user, scratch, train, validation, test);
                }
                progress?.Report((double)Interlocked.Increment(ref done) / blocks);
                return scratch;
            },
            _ => { });
        return (train, validation, test);
    }

    private static EventLog Allocate(int[] splits) => new(splits, new int[splits[^1]], new long[splits[^1]], new EventKind[splits[^1]]);

    private static void Store(int user, Scratch scratch, EventLog train, EventLog validation, EventLog test)
    {
        int start = train.UserSplits[user], kept = train.UserSplits[user + 1] - start;
        scratch.Items.AsSpan(0, kept).CopyTo(train.Items.AsSpan(start));
        scratch.Times.AsSpan(0, kept).CopyTo(train.Times.AsSpan(start));
        if (kept == scratch.Clicks)
            return;
        int at = test.UserSplits[user];
        (validation.Items[at], validation.Times[at]) = (scratch.Items[kept], scratch.Times[kept]);
        (test.Items[at], test.Times[at]) = (scratch.Items[kept + 1], scratch.Times[kept + 1]);
    }

    /// <summary>How often a user clicks, and whether the last two clicks are held out.</summary>
    private (int Clicks, bool HeldOut) Schedule(int user)
    {
        SeededRandom stream = _schedules.Split((ulong)user);
        int fewest = options.ClicksPerUser / 2;
        return (fewest + stream.NextInt(options.ClicksPerUser + 1), stream.NextDouble() < options.HeldOutShare);
    }

    private void DrawUser(int user, Scratch scratch)
    {
        SeededRandom stream = _clicks.Split((ulong)user);
        int shown = FillSlates(users[user], stream, scratch);
        scratch.Clicks = Schedule(user).Clicks;
        Span<int> items = scratch.Items.AsSpan(0, scratch.Clicks);
        Span<long> times = scratch.Times.AsSpan(0, scratch.Clicks);
        for (int click = 0; click < items.Length; click++)
        {
            // Noise is decided once, so that drawing again leaves its share as it is.
            bool noise = stream.NextDouble() < options.NoiseShare;
            int ad = DrawAd(stream, scratch, shown, noise);
            // A second click on the same ad tells nothing new; in a tiny world it may be all that is left.
            for (int redraw = 0; redraw < RedrawsOfSeenAd && items[..click].Contains(ad); redraw++)
                ad = DrawAd(stream, scratch, shown, noise);
            items[click] = ad;
            times[click] = stream.NextInt(SimulatedSeconds);
        }
        times.Sort();
    }

    private int DrawAd(SeededRandom stream, Scratch scratch, int shown, bool noise) =>
        noise
            ? stream.NextInt(ads.Count)
            : ads.AdAt[scratch.Positions[Simulation.Draw.Index(stream, scratch.WantSums.AsSpan(0, shown))]];

    private int FillSlates(SyntheticUser user, SeededRandom stream, Scratch scratch)
    {
        int shown = 0;
        double sum = 0;
        foreach (Interest interest in user.Interests)
        {
            int start = ads.Starts[interest.Category], size = ads.Starts[interest.Category + 1] - start;
            int slate = Math.Min(size, SlateSize);
            int offset = slate < size ? stream.NextInt(size) : 0;
            // A slate stands for its whole category.
            float scale = (float)size / slate;
            for (int i = 0; i < slate; i++)
            {
                int position = start + offset;
                offset = offset + 1 == size ? 0 : offset + 1;
                scratch.Positions[shown] = position;
                scratch.WantSums[shown] = (float)(sum += scale * MathF.Exp(_preference.LogWant(interest, position)));
                shown++;
            }
        }
        return shown;
    }

    /// <summary>One worker's memory: the slates of a user with running sums of their wants, and the user's clicks.</summary>
    private sealed class Scratch(SyntheticWorldOptions options)
    {
        public int[] Positions { get; } = new int[options.MaxInterests * SlateSize];

        public float[] WantSums { get; } = new float[options.MaxInterests * SlateSize];

        public int[] Items { get; } = new int[options.ClicksPerUser * 2];

        public long[] Times { get; } = new long[options.ClicksPerUser * 2];

        public int Clicks { get; set; }
    }
}
