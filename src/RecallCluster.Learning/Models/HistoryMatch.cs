using System.Numerics;
using RecallCluster.Data;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Models;

/// <summary>
/// What an ad has in common with the behaviour sequence, value by value: the ad itself, its category, its brand, ... For each field the
/// score gets a weight of the user's that depends on how often the ad's value occurs in the sequence. Attention over embeddings of this
/// width blurs exactly that: it sees that two categories are alike, hardly that they are the same one. The usual name for such inputs is
/// cross or match features.
/// </summary>
/// <remarks>
/// An ad's <em>codes</em> are its row plus one and its side information; 0 stands for "unknown", which matches nothing. Numbers of
/// occurrences are taken in <see cref="Levels"/> levels: 1, 2, 3 to 4, 5 to 8, 9 and more.
/// </remarks>
internal sealed class HistoryMatch : IModule
{
    /// <summary>Levels of the number of occurrences.</summary>
    public const int Levels = 5;

    private readonly int _fields;
    private readonly Linear _weights;

    /// <summary>Matches that weigh nothing yet.</summary>
    public HistoryMatch(ModelConfig config, int summary, SeededRandom random)
    {
        _fields = FieldsOf(config);
        _weights = new Linear("match", summary, _fields * Levels, random);
        _weights.Weight.Value.Values.Clear();
    }

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters => _weights.Parameters;

    /// <summary>Codes of an ad: 0 where the model has no history match.</summary>
    public static int FieldsOf(ModelConfig config) =>
        config is { Kind: ModelKind.Deep, HistoryMatch: true } ? 1 + (config.SideInformation ? config.ItemFields.Length : 0) : 0;

    /// <summary>The codes of <paramref name="items"/>, [n, fields] row by row.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="items">Rows of <paramref name="catalogue"/>.</param>
    /// <param name="catalogue">The ads.</param>
    /// <param name="areNew">Whether the model does not know the ads: their ids are "unknown".</param>
    public static int[] CodesOf(ModelConfig config, ReadOnlySpan<int> items, FeatureTable catalogue, bool areNew = false)
    {
        int fields = FieldsOf(config);
        var codes = new int[items.Length * fields];
        for (int i = 0; fields > 0 && i < items.Length; i++)
        {
            codes[i * fields] = areNew ? 0 : items[i] + 1;
            for (int field = 1; field < fields; field++)
                codes[(i * fields) + field] = catalogue.Codes[field - 1][items[i]];
        }
        return codes;
    }

    /// <summary>The level of a number of occurrences, from 0.</summary>
    public static int LevelOf(int occurrences) => Math.Min(Levels - 1, BitOperations.Log2((uint)((2 * occurrences) - 1)));

    /// <summary>The users' weights, [B, fields * <see cref="Levels"/>].</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="summary">What is known of the users, [B, ...].</param>
    public Tensor Weights(Tape tape, Tensor summary) => _weights.Forward(tape, summary);

    /// <summary>What the matches add to the scores of <paramref name="candidates"/> ads, [B, n].</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="weights">The users' weights.</param>
    /// <param name="codes">Codes of the ads that the sequences name, the candidates first, [m, fields].</param>
    /// <param name="candidates">Number of candidates, n.</param>
    /// <param name="users">The sequences.</param>
    public Tensor Logits(Tape tape, Tensor weights, ReadOnlySpan<int> codes, int candidates, BehaviourBatch users)
    {
        var from = new List<int>();
        var to = new List<int>();
        var newest = new Dictionary<int, int>();
        var occurrences = new Dictionary<int, int>();
        var previous = new int[candidates];
        for (int field = 0; field < _fields; field++)
        {
            // The candidates of each code as a linked list.
            newest.Clear();
            for (int i = 0; i < candidates; i++)
            {
                int code = codes[(i * _fields) + field];
                previous[i] = newest.TryGetValue(code, out int other) ? other : -1;
                newest[code] = i;
            }
            for (int user = 0; user < users.Users; user++)
            {
                occurrences.Clear();
                foreach (int row in users.Sequences.AsSpan(user * users.Places, users.Lengths[user]))
                    if (codes[(row * _fields) + field] is > 0 and int code)
                        occurrences[code] = occurrences.GetValueOrDefault(code) + 1;
                foreach ((int code, int times) in occurrences)
                {
                    for (int i = newest.GetValueOrDefault(code, -1); i >= 0; i = previous[i])
                    {
                        from.Add((((user * _fields) + field) * Levels) + LevelOf(times));
                        to.Add((user * candidates) + i);
                    }
                }
            }
        }
        return tape.ScatterValues(weights, [.. from], [.. to], new Shape(users.Users, candidates));
    }
}
