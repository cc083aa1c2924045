using RecallCluster.Learning.Files;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Training;

/// <summary>The last experiences, as rows of numbers in a ring.</summary>
internal sealed class ExperienceBuffer(int width, int capacity) : ICheckpointPart
{
    private readonly float[] _rows = new float[width * capacity];
    private long _added;

    public int Count => (int)Math.Min(_added, capacity);

    public int Width => width;

    public ReadOnlySpan<float> Row(int index) => _rows.AsSpan(index * width, width);

    public void Add(ReadOnlySpan<float> rows)
    {
        for (; !rows.IsEmpty; rows = rows[width..])
            rows[..width].CopyTo(_rows.AsSpan((int)(_added++ % capacity) * width));
    }

    /// <summary>Fills <paramref name="batch"/> with random rows.</summary>
    public void Sample(SeededRandom random, Span<float> batch)
    {
        for (; !batch.IsEmpty; batch = batch[width..])
            Row(random.NextInt(Count)).CopyTo(batch);
    }

    public void Save(SafeTensorsWriter writer)
    {
        writer.Add("buffer.rows", Tensor.From(_rows.AsSpan(0, Count * width), new Shape(Count, width)));
        writer.Add("buffer.added", new[] { _added }, 1);
    }

    public void Load(SafeTensorsFile file)
    {
        _added = file.ReadIntegers("buffer.added")[0];
        float[] rows = file.ReadSingles("buffer.rows");
        if (_added < 0 || rows.Length != (long)Count * width)
            throw new InvalidDataException(
                $"{file.Path}: tensor 'buffer.rows' has {rows.Length} numbers, {Count} rows of {width} are needed.");
        rows.CopyTo(_rows, 0);
    }
}
