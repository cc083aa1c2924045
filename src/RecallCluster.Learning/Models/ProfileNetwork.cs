using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Models;

/// <summary>
/// From a user's profile codes to a user vector: an embedding a field, a transformer block over the fields, and a linear map. Without
/// profile fields the vector is zero.
/// </summary>
internal sealed class ProfileNetwork : IModule
{
    private readonly int _width;
    private readonly Embedding[] _fields;
    private readonly SelfAttentionBlock? _block;
    private readonly Linear? _output;

    public ProfileNetwork(ModelConfig config, SeededRandom random)
    {
        _width = config.Width;
        int width = config.ProfileWidth;
        _fields = [.. config.UserFields.Select(
            field => new Embedding($"profile.field.{field.Name}", field.Cardinality, width, random, 0.1))];
        if (_fields.Length == 0)
            return;
        _block = new SelfAttentionBlock("profile.block", width, config.ProfileHeads, 2 * width, random);
        _output = new Linear("profile.output", width * _fields.Length, config.Width, random);
    }

    /// <summary>Number of profile fields.</summary>
    public int FieldCount => _fields.Length;

    /// <inheritdoc/>
    public IEnumerable<Parameter> Parameters
    {
        get
        {
            IModule[] parts = _block == null ? [] : [.. _fields, _block, _output!];
            return parts.SelectMany(part => part.Parameters);
        }
    }

    /// <summary>User vectors: [users, d].</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="codes">[users, fields], row-major.</param>
    /// <param name="users">Number of users.</param>
    public Tensor Forward(Tape tape, ReadOnlySpan<int> codes, int users)
    {
        if (_block == null)
            return tape.Full(new Shape(users, _width), 0);
        var rows = new int[users];
        var parts = new Tensor[_fields.Length];
        for (int field = 0; field < parts.Length; field++)
        {
            for (int user = 0; user < users; user++)
                rows[user] = codes[(user * parts.Length) + field];
            parts[field] = _fields[field].Forward(tape, rows);
        }
        int width = parts[0].Shape.Width;
        Tensor joined = tape.Reshape(tape.Concat(parts), new Shape(users, parts.Length, width));
        Tensor mixed = _block.Forward(tape, joined);
        return _output!.Forward(tape, tape.Reshape(mixed, new Shape(users, parts.Length * width)));
    }
}
