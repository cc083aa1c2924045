using RecallCluster.Numerics;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Http.Fuzzing;

/// <summary>Manifests of index directories, and the tuned parameters beside them.</summary>
internal sealed class IndexTarget : IFuzzTarget
{
    private const string Model = "0123456789abcdef";

    private readonly JsonMutator _manifests = new(
    [
        $$"""
        {"format":"recall-index","version":1,"dataset":"d","modelFingerprint":"{{Model}}","m":16,"efConstruction":200,"seed":7,
        "shards":[{"file":"shard-0.index","ads":500},{"file":"shard-1.index","ads":501}]}
        """,
    ]);

    private readonly JsonMutator _tuned = new(
    [
        $$"""
        {"modelFingerprint":"{{Model}}","k":100,"wanted":0.95,"reached":0.96,"scoredFraction":0.02,"parameters":{"layers":[{"ef":400,
        "hops":4,"width":32},{"ef":64,"hops":3}],"entryLayer":1,"maxScorings":2000,"scanFactor":8,"visited":"bitmap"},
        "frontier":[{"layers":[{"ef":100,"hops":2}],"maxScorings":500,"scanFactor":0,"visited":"hashSet"}]}
        """,
    ]);

    public string Name => "index";

    /// <summary>Which of the two it is (a byte), then the file.</summary>
    public byte[] Next(SeededRandom random)
    {
        int number = random.NextInt(2);
        return [(byte)number, .. (number == 0 ? _manifests : _tuned).NextOrSameShape(random)];
    }

    public bool Accepts(byte[] input)
    {
        try
        {
            if (input[0] == 0)
                IndexDirectory.ParseManifest(input.AsSpan(1), "index.json");
            else
                IndexDirectory.ParseTuned(input.AsSpan(1), "tuned.json", Model);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
