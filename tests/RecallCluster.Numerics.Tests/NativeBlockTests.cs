using System.Globalization;

namespace RecallCluster.Numerics.Tests;

public sealed unsafe class NativeBlockTests
{
    private const int Large = 1 << 22;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(600_000)]
    [InlineData(Large)]
    public void Holds_zeroes_and_then_what_is_written(int length)
    {
        using var block = new NativeBlock<float>(length);
        Assert.Equal(length, block.Length);
        Span<float> values = block.Span(0, length);
        Assert.Equal(-1, values.IndexOfAnyExcept(0f));
        values.Fill(3);
        Assert.Equal(-1, values.IndexOfAnyExcept(3f));
        Assert.Equal(0u, (nuint)block.Pointer % 64);
    }

    [LinuxFact]
    public void A_large_block_asks_for_large_pages()
    {
        using var block = new NativeBlock<float>(Large);
        Assert.Equal(0u, (nuint)block.Pointer % (2 << 20));
        Assert.Contains(" hg", FlagsAt((nuint)block.Pointer) + " ", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(Large)]
    public void Cannot_be_used_after_disposal(int length)
    {
        var block = new NativeBlock<int>(length);
        block.Dispose();
        block.Dispose();
        Assert.Throws<ObjectDisposedException>(() => block.Span(0, 1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => new NativeBlock<int>(-1));
    }

    /// <summary>What the kernel says of the mapping that holds an address ("hg": asked for large pages).</summary>
    private static string FlagsAt(nuint address)
    {
        bool inside = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            string first = line[..line.IndexOf(' ')];
            int dash = first.IndexOf('-');
            if (dash > 0)
            {
                inside = ulong.Parse(first[..dash], NumberStyles.HexNumber) <= address
                    && address < ulong.Parse(first[(dash + 1)..], NumberStyles.HexNumber);
            }
            else if (inside && first == "VmFlags:")
            {
                return line;
            }
        }
        throw new InvalidOperationException("The block's mapping was not found.");
    }

    private sealed class LinuxFactAttribute : FactAttribute
    {
        public LinuxFactAttribute()
        {
            if (!File.Exists("/sys/kernel/mm/transparent_hugepage/enabled"))
                Skip = "The kernel here has no transparent huge pages (Linux only).";
        }
    }
}
