using RecallCluster.Numerics;

namespace RecallCluster.Serving.Experiments;

/// <summary>
/// Where a user belongs, for as long as an experiment runs and on every machine: functions of <see cref="StableHash"/> of the user's id
/// alone.
/// <code>
/// user id ─► hash ─┬─ under "layer/" + name ──────────► bucket of the layer, of 10,000
///                  ├─ under "experiment/" + id + "/" + salt ─► arm, by weight
///                  └─ under "block" ──────────────────► block of users, of 50
/// </code>
/// The three, and those of different layers and experiments, are independent of each other.
/// </summary>
internal static class UserSplit
{
    /// <summary>
    /// Blocks of users that results are counted by, so that how much they scatter tells how sure a result is: requests of one user are not
    /// independent, blocks of users are.
    /// </summary>
    public const int Blocks = 50;

    private static readonly ulong BlockSalt = StableHash.Of("block");

    /// <summary>The salt of a layer.</summary>
    public static ulong LayerSalt(string layer) => StableHash.Of($"layer/{layer}");

    /// <summary>The salt of an experiment's arms.</summary>
    public static ulong ArmSalt(ExperimentSettings settings) => StableHash.Of($"experiment/{settings.Id}/{settings.Salt}");

    /// <summary>The bucket of a layer that a user falls into.</summary>
    /// <param name="user">The user's hash.</param>
    /// <param name="salt">The layer's salt.</param>
    public static int BucketOf(ulong user, ulong salt) =>
        StableHash.RangeOf(StableHash.Under(user, salt), ExperimentSettings.Buckets);

    /// <summary>The block that a user belongs to.</summary>
    /// <param name="user">The user's hash.</param>
    public static int BlockOf(ulong user) => StableHash.RangeOf(StableHash.Under(user, BlockSalt), Blocks);

    /// <summary>
    /// For each arm but the last, the first hash that belongs to the next one: hashes are spread over the arms by weight.
    /// </summary>
    public static ulong[] BoundsOf(IReadOnlyList<ExperimentArm> arms)
    {
        double all = arms.Sum(arm => arm.Weight), before = 0;
        var bounds = new ulong[arms.Count - 1];
        for (int i = 0; i < bounds.Length; i++)
        {
            before += arms[i].Weight;
            bounds[i] = (ulong)(before / all * ulong.MaxValue);
        }
        return bounds;
    }

    /// <summary>The arm that a user belongs to.</summary>
    /// <param name="user">The user's hash.</param>
    /// <param name="salt">The experiment's salt.</param>
    /// <param name="bounds">See <see cref="BoundsOf"/>.</param>
    public static int ArmOf(ulong user, ulong salt, ReadOnlySpan<ulong> bounds)
    {
        ulong hash = StableHash.Under(user, salt);
        int arm = 0;
        while (arm < bounds.Length && hash >= bounds[arm])
            arm++;
        return arm;
    }
}
