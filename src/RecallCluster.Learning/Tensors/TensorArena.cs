using System.Numerics;

namespace RecallCluster.Learning.Tensors;

/// <summary>
/// A pool of buffers by size class. After a first round with the same sizes, renting allocates nothing. A buffer that was returned last
/// is rented first, while it is still in the cache. Not thread-safe: one arena a tape.
/// </summary>
internal sealed class TensorArena
{
    private const int StepsPerOctave = 8;
    private const int SmallestClass = 64;
    private readonly Dictionary<int, Stack<TensorBuffer>> _free = [];
    private readonly List<TensorBuffer> _all = [];

    /// <summary>Bytes in all buffers, rented or not.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>A buffer of at least <paramref name="length"/> values with one reference, contents undefined.</summary>
    public TensorBuffer Rent(int length)
    {
        int capacity = SizeClass(length);
        if (!_free.TryGetValue(capacity, out Stack<TensorBuffer>? stack))
            _free[capacity] = stack = new Stack<TensorBuffer>();
        if (!stack.TryPop(out TensorBuffer? buffer))
        {
            buffer = new TensorBuffer(capacity);
            _all.Add(buffer);
            ReservedBytes += (long)capacity * sizeof(float);
        }
        buffer.References = 1;
        return buffer;
    }

    /// <summary>Drops one reference; the last one puts the buffer back.</summary>
    public void Release(TensorBuffer buffer)
    {
        if (--buffer.References == 0)
            _free[buffer.Capacity].Push(buffer);
    }

    /// <summary>Takes every rented buffer back.</summary>
    public void Reset()
    {
        foreach (TensorBuffer buffer in _all)
        {
            if (buffer.References == 0)
                continue;
            buffer.References = 0;
            _free[buffer.Capacity].Push(buffer);
        }
    }

    // Eight classes between powers of two: at most an eighth is wasted, and sizes that vary a little from step to step share buffers.
    private static int SizeClass(int length)
    {
        if (length <= SmallestClass)
            return SmallestClass;
        int step = Math.Max(1, (1 << BitOperations.Log2((uint)length - 1)) / StepsPerOctave);
        long rounded = ((long)length + step - 1) / step * step;
        return (int)Math.Min(rounded, Array.MaxLength - SmallestClass);
    }
}
