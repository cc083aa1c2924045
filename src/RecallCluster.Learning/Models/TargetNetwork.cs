using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Models;

/// <summary>
/// From an ad's id and side information to its target vector t: the embeddings, joined, pass through one hidden layer and, beside it, a
/// linear map. The same network serves the ads to be scored and those of the behaviour sequence.
/// </summary>
internal sealed class TargetNetwork : IModule
{
    private readonly Embedding _id;
    private readonly Embedding[] _fields;
    private readonly Linear _hidden, _output, _direct;
    private readonly PRelu _activation;

    public TargetNetwork(ModelConfig config, SeededRandom random)
    {
        _id = new Embedding("target.id", config.Items, config.IdWidth, random);
        _fields = config.SideInformation
            ? [.. config.ItemFields.Select(
                field => new Embedding($"target.field.{field.Name}", field.Cardinality, config.FieldWidth, random))]
            : [];
        int width = config.IdWidth + (_fields.Length * config.FieldWidth);
        _hidden = new Linear("target.hidden", width, config.TargetHidden, random, forRelu: true);
        _activation = new PRelu("target.hidden", config.TargetHidden);
        _output = new Linear("target.output", config.TargetHidden, config.Width, random);
        _direct = new Linear("target.direct", width, config.Width, random, bias: false);
    }

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters
    {
        get
        {
            IModule[] parts = [_id, .. _fields, _hidden, _activation, _output, _direct];
            return parts.SelectMany(part => part.Parameters);
        }
    }

    /// <summary>The id embeddings, [ads, id width].</summary>
    public Parameter Ids => _id.Table;

    /// <summary>Target vectors of <paramref name="items"/>: [n, d].</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="items">Item rows.</param>
    /// <param name="codes">Side information of all items, <c>codes[field][item]</c>.</param>
    public Tensor Forward(Tape tape, ReadOnlySpan<int> items, int[][] codes) => Forward(tape, items, items, codes);

    /// <summary>
    /// Target vectors of ads that the network never saw, [n, d]: their id embedding is zero, the middle of where all embeddings began.
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="items">Rows of the ads in <paramref name="codes"/>.</param>
    /// <param name="codes">Side information, <c>codes[field][item]</c>.</param>
    public Tensor ForwardNew(Tape tape, ReadOnlySpan<int> items, int[][] codes)
    {
        var ids = new int[items.Length];
        Array.Fill(ids, -1);
        return Forward(tape, ids, items, codes);
    }

    private Tensor Forward(Tape tape, ReadOnlySpan<int> ids, ReadOnlySpan<int> items, int[][] codes)
    {
        var parts = new Tensor[1 + _fields.Length];
        parts[0] = _id.Forward(tape, ids);
        var rows = new int[items.Length];
        for (int field = 0; field < _fields.Length; field++)
        {
            for (int i = 0; i < rows.Length; i++)
                rows[i] = codes[field][items[i]];
            parts[field + 1] = _fields[field].Forward(tape, rows);
        }
        Tensor joined = parts.Length == 1 ? parts[0] : tape.Concat(parts);
        Tensor hidden = _activation.Forward(tape, _hidden.Forward(tape, joined));
        return tape.Add(_output.Forward(tape, hidden), _direct.Forward(tape, joined));
    }
}
