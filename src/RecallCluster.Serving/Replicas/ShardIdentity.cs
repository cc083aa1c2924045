using System.Security.Cryptography;

namespace RecallCluster.Serving.Replicas;

/// <summary>
/// Which shard of which index it is, by content: two processes with equal identities give every ad the same ordinal and score, so that one
/// can answer for the other.
/// </summary>
/// <param name="Model">Fingerprint of the model.</param>
/// <param name="Index">Fingerprint of the shard's file.</param>
/// <param name="Number">Number of the shard.</param>
/// <param name="Shards">Number of shards of the index.</param>
/// <param name="Ads">Ads that it holds.</param>
public sealed record ShardIdentity(string Model, string Index, int Number, int Shards, int Ads)
{
    private const int FirstPage = 4096;

    /// <summary>The identity of a shard's file.</summary>
    /// <param name="model">Fingerprint of the model.</param>
    /// <param name="path">The file; its first page holds the checksums of all that follows.</param>
    /// <param name="number">Number of the shard.</param>
    /// <param name="shards">Number of shards.</param>
    /// <param name="ads">Ads that it holds.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ShardIdentity Of(string model, string path, int number, int shards, int ads)
    {
        Span<byte> page = stackalloc byte[FirstPage];
        using FileStream file = File.OpenRead(path);
        int read = file.ReadAtLeast(page, page.Length, throwOnEndOfStream: false);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(page[..read], hash);
        return new ShardIdentity(model, Convert.ToHexStringLower(hash[..8]), number, shards, ads);
    }

    /// <summary>For people and for the wire: "model/index/number of shards".</summary>
    public override string ToString() => $"{Model}/{Index}/{Number} of {Shards}";
}

/// <summary>Decides who answers for the shards of a version: this process, others, or both.</summary>
public interface IShardSource
{
    /// <summary>Whether this process shall load a shard.</summary>
    bool WantsLocal(int number);

    /// <summary>What answers for a shard; disposed with the version where it can be.</summary>
    /// <param name="identity">The shard.</param>
    /// <param name="local">It in this process, which stays with the caller; null where <see cref="WantsLocal"/> said no.</param>
    IShard Resolve(ShardIdentity identity, Shard? local);
}
