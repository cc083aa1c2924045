using RecallCluster.Learning.Files;
using RecallCluster.Testing;

namespace RecallCluster.Learning.Tests.Golden;

/// <summary>A file of <c>tests/golden/learning</c>, made by the script beside it.</summary>
internal sealed class GoldenFile : IDisposable
{
    private readonly SafeTensorsFile _file;

    public GoldenFile(string name) => _file = SafeTensorsFile.Open(PathOf(name));

    public IEnumerable<string> Names => _file.Entries.Keys;

    public static string PathOf(string name) => Repository.Golden("learning", name);

    public Tensor Read(string name) => _file.ReadTensor(name);

    public int[] ReadInts(string name) => [.. _file.ReadIntegers(name).Select(value => (int)value)];

    public void AssertClose(string name, Tensor actual, double tolerance) => AssertClose(name, actual.Values, tolerance);

    /// <summary>Compares with tolerance * (1 + |expected|), and the shape's length.</summary>
    public void AssertClose(string name, ReadOnlySpan<float> actual, double tolerance)
    {
        float[] expected = _file.ReadSingles(name);
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * (1 + Math.Abs(expected[i])),
                $"{name}[{i}]: {actual[i]} instead of {expected[i]}.");
    }

    public void Dispose() => _file.Dispose();
}
