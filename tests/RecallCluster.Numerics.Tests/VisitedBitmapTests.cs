namespace RecallCluster.Numerics.Tests;

public unsafe class VisitedBitmapTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(5_000)]
    public void Bitmap_agrees_with_a_naive_set_over_many_reuses(int count) => AgreesWithNaive<VisitedBitmap>(count);

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(50_000)]
    public void Hash_set_agrees_with_a_naive_set_over_many_reuses(int count) => AgreesWithNaive<VisitedHashSet>(count);

    [Fact]
    public void A_set_that_grows_between_uses_starts_empty()
    {
        VisitedBitmap set = default;
        set.Begin(10);
        Assert.True(set.Add(9));
        set.Begin(100_000);
        Assert.False(set.Contains(9));
        Assert.True(set.Add(99_999));
        set.Begin(10);
        Assert.True(set.Add(9));
    }

    [Fact]
    public void Reuse_allocates_nothing()
    {
        VisitedBitmap set = default;
        set.Begin(1_000_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 100; round++)
        {
            set.Begin(1_000_000);
            for (int i = 0; i < 1_000; i++)
                set.Add(((i * 7919) + round) % 1_000_000);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void AgreesWithNaive<TSet>(int count)
        where TSet : struct, IVisitedSet
    {
        var random = new SeededRandom((ulong)count);
        TSet set = default;
        var row = new int[40];
        var fresh = new int[row.Length + 1];
        for (int round = 0; round < 30; round++)
        {
            set.Begin(count);
            var naive = new HashSet<int>();
            int additions = random.NextInt(200);
            for (int step = 0; step < additions; step++)
            {
                int single = random.NextInt(count);
                Assert.Equal(naive.Contains(single), set.Contains(single));
                Assert.Equal(naive.Add(single), set.Add(single));

                int length = random.NextInt(row.Length + 1);
                for (int i = 0; i < length; i++)
                    row[i] = random.NextInt(count);
                int[] expected = [.. row.Take(length).Where(naive.Add)];
                int written;
                fixed (int* source = row, destination = fresh)
                    written = set.AddRow(source, length, destination);
                Assert.Equal(expected, fresh[..written]);
            }
        }
    }
}
