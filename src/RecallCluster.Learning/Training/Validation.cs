using RecallCluster.Data;
using RecallCluster.Learning.Evaluation;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Training;

/// <summary>
/// Recall on held-out validation events, the training events being the users' behaviour. The same users and ads every time.
/// </summary>
internal sealed class Validation
{
    private readonly Dataset _dataset;
    private readonly WorkerTeam? _team;
    private readonly int[] _users;
    private readonly int[] _items;
    private readonly int _k;

    public Validation(Dataset dataset, TrainingOptions options, SeededRandom random, WorkerTeam? team)
    {
        _dataset = dataset;
        _team = team;
        int[] users = [.. Enumerable.Range(0, dataset.Users.Count).Where(user => dataset.Validation.ItemsOf(user).Length > 0)];
        random.Shuffle(users.AsSpan());
        _users = users[..Math.Min(users.Length, options.ValidationUsers)];
        Array.Sort(_users);
        _items = Sample(options.ValidationItems, random);
        double share = (double)_items.Length / Math.Max(1, dataset.Items.Count);
        _k = Math.Max(1, (int)Math.Round(options.ValidationK * share));
    }

    /// <summary>Mean recall over the users; null when nothing is held out.</summary>
    public double? Recall(IAdModel model)
    {
        if (_users.Length == 0)
            return null;
        using TargetVectors all = TargetVectors.Compute(model, _dataset.Items, _team);
        if (_items.Length == _dataset.Items.Count)
        {
            using PreparedModel whole = PreparedModel.Of(model, all, _team);
            return Mean(whole, _dataset.Validation.ItemsOf);
        }
        using TargetVectors scored = TargetVectors.Compute(model, _dataset.Items, _items, _team);
        using PreparedModel part = PreparedModel.Of(model, scored, all, _team);
        return Mean(part, user => Places(_dataset.Validation.ItemsOf(user)));
    }

    private double Mean(PreparedModel prepared, Relevance relevance)
    {
        var evaluator = new RetrievalEvaluator(_dataset, _team);
        double[] recalls = evaluator.Recalls(
            _users, _k, prepared.Encoder, evaluator.TrainBehaviour, new ExhaustiveRetriever(prepared.Scorer), relevance);
        return recalls.Average();
    }

    private int[] Places(ReadOnlySpan<int> items)
    {
        var places = new int[items.Length];
        for (int i = 0; i < places.Length; i++)
            places[i] = Array.BinarySearch(_items, items[i]);
        return places;
    }

    // All ads, or the held-out ones and a uniform sample of the others, in ascending order.
    private int[] Sample(int limit, SeededRandom random)
    {
        int count = _dataset.Items.Count;
        if (count <= limit)
            return [.. Enumerable.Range(0, count)];
        var chosen = new HashSet<int>();
        foreach (int user in _users)
            foreach (int item in _dataset.Validation.ItemsOf(user))
                chosen.Add(item);
        while (chosen.Count < limit)
            chosen.Add(random.NextInt(count));
        int[] items = [.. chosen];
        Array.Sort(items);
        return items;
    }
}
