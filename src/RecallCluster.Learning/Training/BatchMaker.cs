using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Training;

/// <summary>
/// Makes training batches: the positives of all rows and shared negatives, drawn with a popularity weight, are the candidates of every row.
/// A candidate's log Q is the log of how often a batch is expected to contain it. Not thread-safe.
/// </summary>
internal sealed class BatchMaker
{
    private readonly Dataset _dataset;
    private readonly TrainingOptions _options;
    private readonly int _limit;
    private readonly ExampleSet _examples;
    private readonly NegativeSampler _negatives;
    private readonly double[] _popularity;

    // Place of an item among the batch's items, plus one; zero outside a batch.
    private readonly int[] _places;
    private readonly List<int> _items = [];
    private readonly List<int> _behaviours = [];
    private readonly List<int> _sequences = [];
    private readonly List<int> _maskColumns = [];
    private readonly SortedSet<int> _rowMask = [];

    public BatchMaker(Dataset dataset, ExampleSet examples, ModelConfig config, TrainingOptions options)
    {
        _dataset = dataset;
        _options = options;
        _limit = config.SequenceLimit;
        _examples = examples;
        var counts = new int[dataset.Items.Count];
        foreach (int item in dataset.Train.Items)
            counts[item]++;
        _negatives = new NegativeSampler(counts, options.PopularityPower);
        double total = dataset.Train.Count;
        _popularity = [.. counts.Select(count => count / total)];
        _places = new int[dataset.Items.Count];
    }

    /// <summary>A batch of the given examples.</summary>
    public TrainingBatch Make(ReadOnlySpan<int> examples, SeededRandom random)
    {
        _items.Clear();
        var positives = new int[examples.Length];
        for (int row = 0; row < positives.Length; row++)
            positives[row] = PlaceOf(_examples.PositiveOf(examples[row]));
        for (int i = 0; i < _options.Negatives; i++)
            PlaceOf(_negatives.Draw(random));
        int candidates = _items.Count;
        var logQ = new float[candidates];
        for (int i = 0; i < candidates; i++)
            logQ[i] = (float)Math.Log(
                (examples.Length * _popularity[_items[i]]) + (_options.Negatives * _negatives.Probability(_items[i])));

        int[] maskSplits = Mask(examples, positives, candidates);
        BehaviourBatch users = Users(examples, random);
        var batch = new TrainingBatch(_dataset.Items, [.. _items], candidates, users,
            new CandidateTargets(positives, logQ, maskSplits, [.. _maskColumns]));
        foreach (int item in _items)
            _places[item] = 0;
        return batch;
    }

    private BehaviourBatch Users(ReadOnlySpan<int> examples, SeededRandom random)
    {
        int fields = _dataset.Users.Fields.Length;
        var profiles = new int[examples.Length * fields];
        var lengths = new int[examples.Length];
        _sequences.Clear();
        for (int row = 0; row < lengths.Length; row++)
        {
            for (int field = 0; field < fields; field++)
                profiles[(row * fields) + field] = _dataset.Users.Codes[field][_examples.UserOf(examples[row])];
            _examples.BehavioursOf(examples[row], _behaviours);
            int before = _sequences.Count;
            for (int i = Math.Max(0, _behaviours.Count - _limit); i < _behaviours.Count; i++)
                if (random.NextSingle() >= _options.BehaviourDropout)
                    _sequences.Add(PlaceOf(_behaviours[i]));
            if (_sequences.Count == before)
                _sequences.Add(PlaceOf(_behaviours[^1]));
            lengths[row] = _sequences.Count - before;
        }
        return new BehaviourBatch(profiles, lengths.Max(), Pad(lengths), lengths);
    }

    private int[] Pad(int[] lengths)
    {
        int places = lengths.Max(), at = 0;
        var padded = new int[lengths.Length * places];
        Array.Fill(padded, -1);
        for (int row = 0; row < lengths.Length; row++)
        {
            _sequences.CopyTo(at, padded, row * places, lengths[row]);
            at += lengths[row];
        }
        return padded;
    }

    // The user's other training items are positives too: not negatives of this row.
    private int[] Mask(ReadOnlySpan<int> examples, int[] positives, int candidates)
    {
        var splits = new int[examples.Length + 1];
        _maskColumns.Clear();
        for (int row = 0; row < examples.Length; row++)
        {
            foreach (int item in _examples.UserItemsOf(examples[row]))
            {
                int column = _places[item] - 1;
                if (column >= 0 && column < candidates && column != positives[row])
                    _rowMask.Add(column);
            }
            // A user may have acted on an ad twice; a loss must leave it out once.
            _maskColumns.AddRange(_rowMask);
            _rowMask.Clear();
            splits[row + 1] = _maskColumns.Count;
        }
        return splits;
    }

    private int PlaceOf(int item)
    {
        if (_places[item] == 0)
        {
            _items.Add(item);
            _places[item] = _items.Count;
        }
        return _places[item] - 1;
    }
}
