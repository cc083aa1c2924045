using System.Runtime.InteropServices;
using RecallCluster.Retrieval;
using RecallCluster.TorchScoring.Devices;
using TorchSharp;

namespace RecallCluster.TorchScoring.Walking;

/// <summary>
/// A graph on the device: rows padded to their degree bound, so that neighbours of many nodes are one lookup. The node behind the last is
/// padding; it stands on every layer and has itself for neighbours.
/// </summary>
internal sealed class DeviceGraph : IDisposable
{
    private const int ChunkRows = 1 << 16;
    private readonly int _maxLevel;
    private readonly torch.Tensor _base, _upper, _upperRows;
    private readonly torch.Tensor[] _members;

    public DeviceGraph(TorchDevice device, HnswGraph graph)
    {
        (Count, M, M0, EntryPoint, _maxLevel) = (graph.Count, graph.M, graph.M0, graph.EntryPoint, graph.MaxLevel);
        int upperRows = checked((int)(graph.UpperSplits.Length - 1));
        using var parts = new Parts();
        _base = parts.Add(Rows(device, graph.BaseSplits, graph.BaseNeighbors, Count, 1, M0, Count));
        // A row of padding for the node of padding on each layer.
        _upper = parts.Add(Rows(device, graph.UpperSplits, graph.UpperNeighbors, upperRows, Math.Max(1, _maxLevel), M, Count));
        _upperRows = parts.Add(torch.full(Count + 1L, upperRows, dtype: torch.ScalarType.Int32, device: device.Device));
        var members = new List<int>[_maxLevel + 1];
        for (int layer = 1; layer <= _maxLevel; layer++)
            members[layer] = [];
        using torch.Tensor staging = device.Staging(Math.Max(1, Count), torch.ScalarType.Int32);
        Span<int> first = MemoryMarshal.Cast<byte, int>(staging.bytes);
        for (int node = 0; node < Count; node++)
        {
            int level = graph.Levels[node];
            first[node] = level > 0 ? graph.UpperRows[node] : upperRows;
            for (int layer = 1; layer <= level; layer++)
                members[layer].Add(node);
        }
        using (torch.Tensor place = _upperRows.narrow(0, 0, Count))
            place.copy_(staging);
        _members =
            [.. members.Select(layer => parts.Add(torch.tensor(layer?.ToArray() ?? [], torch.ScalarType.Int64, device.Device)))];
        parts.Keep();
    }

    /// <summary>Number of nodes; also the node that is padding.</summary>
    public int Count { get; }

    public int EntryPoint { get; }

    public int MaxLevel => _maxLevel;

    public int M { get; }

    public int M0 { get; }

    /// <summary>Bytes that a graph will take on the device.</summary>
    public static long BytesOf(HnswGraph graph) =>
        sizeof(int) * (((graph.Count + 1L) * (graph.M0 + 1)) + ((graph.UpperSplits.Length + graph.MaxLevel) * graph.M));

    /// <summary>Neighbours that a node has at most.</summary>
    public int DegreeOf(int layer) => layer == 0 ? M0 : M;

    /// <summary>The nodes that stand on a layer above the bottom, int64.</summary>
    public torch.Tensor Members(int layer) => _members[layer];

    /// <summary>The neighbours of nodes on a layer, [requests, nodes * degree], int64, padded.</summary>
    /// <param name="nodes">[requests, nodes], int64, each standing on the layer, or padding.</param>
    /// <param name="layer">The layer.</param>
    public torch.Tensor Neighbors(torch.Tensor nodes, int layer)
    {
        torch.Tensor rows = nodes.reshape(-1);
        torch.Tensor table = _base;
        if (layer > 0)
        {
            rows = _upperRows.index_select(0, rows).to(torch.ScalarType.Int64) + (layer - 1);
            table = _upper;
        }
        return table.index_select(0, rows).view(nodes.shape[0], nodes.shape[1] * DegreeOf(layer)).to(torch.ScalarType.Int64);
    }

    public void Dispose()
    {
        _base.Dispose();
        _upper.Dispose();
        _upperRows.Dispose();
        foreach (torch.Tensor members in _members)
            members.Dispose();
    }

    private static torch.Tensor Rows(
        TorchDevice device, Numerics.NativeBlock<int> splits, Numerics.NativeBlock<int> neighbors, int rows, int padding, int degree,
        int none)
    {
        using var parts = new Parts();
        torch.Tensor table = parts.Add(
            torch.full(rows + (long)padding, degree, none, dtype: torch.ScalarType.Int32, device: device.Device));
        using torch.Tensor staging = device.Staging((long)Math.Min(Math.Max(1, rows), ChunkRows) * degree, torch.ScalarType.Int32);
        for (int start = 0; start < rows; start += ChunkRows)
        {
            int count = Math.Min(ChunkRows, rows - start);
            Span<int> target = MemoryMarshal.Cast<byte, int>(staging.bytes);
            for (int row = 0; row < count; row++)
            {
                Span<int> place = target.Slice(row * degree, degree);
                int length = Math.Min(degree, splits[start + row + 1] - splits[start + row]);
                neighbors.Span(splits[start + row], length).CopyTo(place);
                place[length..].Fill(none);
            }
            using torch.Tensor filled = staging.narrow(0, 0, (long)count * degree), shaped = filled.view(count, degree);
            using torch.Tensor rowsOf = table.narrow(0, start, count);
            rowsOf.copy_(shaped);
        }
        parts.Keep();
        return table;
    }
}
