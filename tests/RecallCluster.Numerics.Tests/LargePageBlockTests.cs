namespace RecallCluster.Numerics.Tests;

public sealed unsafe class LargePageBlockTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(600_000)]
    public void Holds_zeroes_and_then_what_is_written(int length)
    {
        using var large = new LargePageBlock<float>(length);
        Assert.Equal(length, large.Block.Length);
        Span<float> values = large.Block.Span(0, length);
        Assert.Equal(-1, values.IndexOfAnyExcept(0f));
        values.Fill(3);
        Assert.Equal(-1, values.IndexOfAnyExcept(3f));
        Assert.Equal(0u, (nuint)large.Block.Pointer % 64);
    }

    [Fact]
    public void Cannot_be_used_after_disposal()
    {
        var large = new LargePageBlock<int>(10);
        large.Dispose();
        large.Dispose();
        Assert.Throws<ObjectDisposedException>(() => large.Block.Span(0, 1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => new LargePageBlock<int>(-1));
    }

    [Fact]
    public void A_block_in_use_keeps_the_memory()
    {
        NativeBlock<int> block = View();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(42, block[7]);
        GC.KeepAlive(block);

        static NativeBlock<int> View()
        {
            var large = new LargePageBlock<int>(1 << 20);
            large.Block[7] = 42;
            return large.Block;
        }
    }
}
