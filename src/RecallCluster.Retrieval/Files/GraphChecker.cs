using RecallCluster.Numerics;
using RecallCluster.Retrieval.Building;

namespace RecallCluster.Retrieval.Files;

/// <summary>
/// Checks that the graph of an index file can be walked safely: rows in bounds and within the degree bounds, neighbours that exist and
/// stand on the layer. It does not ask whether the graph is a good one.
/// </summary>
internal sealed class GraphChecker(string path, HnswGraph graph)
{
    /// <summary>Checks what takes no time: sizes, ends and the entry point.</summary>
    /// <exception cref="InvalidDataException">The graph is broken.</exception>
    public void CheckEnds()
    {
        // A search makes room for rows of the bound: a bound beyond reason would have it ask for all memory.
        if (graph.M is < 1 or > HnswOptions.LargestM || graph.M0 is < 1 or > HnswOptions.LargestBaseDegree)
            throw IndexFormat.Broken(
                path, "header",
                $"degree bounds {graph.M} and {graph.M0} are not in 1 to {HnswOptions.LargestM} and {HnswOptions.LargestBaseDegree}");
        if (graph.Count == 0 ? graph.EntryPoint != -1 : (uint)graph.EntryPoint >= (uint)graph.Count)
            throw IndexFormat.Broken(path, "header", $"entry point {graph.EntryPoint} is not one of {graph.Count} ads");
        if (graph.MaxLevel >= HnswGraph.MaxLayers)
            throw IndexFormat.Broken(
                path, $"section '{SectionNames.Levels}'",
                $"the entry point stands on layer {graph.MaxLevel}; there are at most {HnswGraph.MaxLayers}");
        CheckEnds(SectionNames.BaseSplits, graph.BaseSplits, graph.BaseNeighbors);
        CheckEnds(SectionNames.UpperSplits, graph.UpperSplits, graph.UpperNeighbors);
    }

    /// <summary>Checks every row and every neighbour.</summary>
    /// <exception cref="InvalidDataException">The graph is broken.</exception>
    public void CheckRows()
    {
        CheckEnds();
        CheckSplits(SectionNames.BaseSplits, graph.BaseSplits, graph.M0);
        CheckSplits(SectionNames.UpperSplits, graph.UpperSplits, graph.M);
        CheckOrdinals(SectionNames.BaseNeighbors, graph.BaseNeighbors);
        CheckOrdinals(SectionNames.UpperNeighbors, graph.UpperNeighbors);
        long rows = 0;
        int maxLevel = graph.MaxLevel;
        for (int node = 0; node < graph.Count; node++)
        {
            int level = graph.Levels[node];
            if (level > maxLevel)
                throw IndexFormat.Broken(
                    path, $"section '{SectionNames.Levels}'", $"ad {node} stands on layer {level}, above the entry point's {maxLevel}");
            if (graph.UpperRows[node] != (level == 0 ? -1 : rows))
                throw IndexFormat.Broken(
                    path, $"section '{SectionNames.UpperRows}'",
                    $"ad {node} has row {graph.UpperRows[node]}, not {(level == 0 ? -1 : rows)}");
            rows += level;
        }
        if (rows != graph.UpperSplits.Length - 1)
            throw IndexFormat.Broken(
                path, $"section '{SectionNames.UpperSplits}'", $"it has {graph.UpperSplits.Length - 1} rows; the levels want {rows}");
        CheckUpperLevels();
    }

    private void CheckUpperLevels()
    {
        for (int node = 0; node < graph.Count; node++)
        {
            for (int layer = 1; layer <= graph.Levels[node]; layer++)
            {
                foreach (int neighbor in graph.Neighbors(node, layer))
                {
                    if (graph.Levels[neighbor] < layer)
                        throw IndexFormat.Broken(
                            path, $"section '{SectionNames.UpperNeighbors}'",
                            $"ad {node} links to {neighbor} on layer {layer}, where that does not stand");
                }
            }
        }
    }

    private void CheckEnds(string section, NativeBlock<int> splits, NativeBlock<int> neighbors)
    {
        if (splits.Length < 1 || splits[0] != 0 || splits[splits.Length - 1] != neighbors.Length)
            throw IndexFormat.Broken(path, $"section '{section}'", $"the rows do not span the {neighbors.Length} neighbours");
    }

    private void CheckSplits(string section, NativeBlock<int> splits, int bound)
    {
        for (long row = 0; row + 1 < splits.Length; row++)
        {
            long degree = (long)splits[row + 1] - splits[row];
            if (degree < 0 || degree > bound)
                throw IndexFormat.Broken(path, $"section '{section}'", $"row {row} has {degree} neighbours; the bound is {bound}");
        }
    }

    private void CheckOrdinals(string section, NativeBlock<int> neighbors)
    {
        const int Piece = 1 << 20;
        for (long start = 0; start < neighbors.Length; start += Piece)
        {
            Span<int> piece = neighbors.Span(start, (int)Math.Min(Piece, neighbors.Length - start));
            int bad = piece.IndexOfAnyExceptInRange(0, graph.Count - 1);
            if (bad >= 0)
                throw IndexFormat.Broken(
                    path, $"section '{section}'", $"neighbour {start + bad} is {piece[bad]}; there are {graph.Count} ads");
        }
    }
}
