using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Golden;

/// <summary>The small model of <c>model.safetensors</c>, written with the operations of the tape.</summary>
internal sealed class ReferenceModel
{
    public const int Users = 4, Fields = 3, Places = 5, Negatives = 6, Width = 8;

    private readonly Dictionary<string, Parameter> _parameters = [];
    private readonly SelfAttentionBlock _block = new("block", Width, 2, 2 * Width, new SeededRandom(1));
    private readonly int[] _categoryOf, _profile, _sequence;

    public ReferenceModel(GoldenFile golden)
    {
        foreach (Parameter parameter in _block.Parameters)
            _parameters[parameter.Name] = parameter;
        foreach (string key in golden.Names.Where(key => key.StartsWith("parameter/", StringComparison.Ordinal)))
        {
            string name = key["parameter/".Length..];
            if (_parameters.TryGetValue(name, out Parameter? parameter))
                golden.Read(key).Values.CopyTo(parameter.Value.Values);
            else
                _parameters[name] = new Parameter(
                    name, golden.Read(key), sparse: name is "item.weight" or "category.weight" or "field.weight");
        }
        _categoryOf = golden.ReadInts("category_of");
        _profile = golden.ReadInts("profile");
        _sequence = golden.ReadInts("sequence");
        Lengths = golden.ReadInts("lengths");
    }

    public IEnumerable<Parameter> Parameters => _parameters.Values;

    public int[] Lengths { get; }

    public Tensor Use(Tape tape, string name) => tape.Use(_parameters[name]);

    public Tensor Target(Tape tape, ReadOnlySpan<int> items, Shape shape)
    {
        int[] categories = [.. items.ToArray().Select(item => item < 0 ? -1 : _categoryOf[item])];
        Tensor x = tape.Concat(
            tape.Lookup(Use(tape, "item.weight"), items, shape), tape.Lookup(Use(tape, "category.weight"), categories, shape));
        Tensor hidden = tape.PRelu(Linear(tape, "target.0", x), Use(tape, "target.0.slope"));
        return Linear(tape, "target.1", hidden);
    }

    public UserState State(Tape tape)
    {
        Tensor sequence = Target(tape, _sequence, new Shape(Users, Places));
        Tensor keys = tape.MaskSequence(tape.EluPlusOne(Linear(tape, "key", sequence)), Lengths);
        Tensor s = tape.MatMul(keys, Linear(tape, "value", sequence), transposeA: true);
        Tensor z = tape.SequenceSum(keys, Lengths);
        Tensor pooled = tape.SequenceMean(sequence, Lengths);
        Tensor fields = _block.Forward(tape, tape.Lookup(Use(tape, "field.weight"), _profile, new Shape(Users, Fields)));
        Tensor user = tape.Scale(tape.Reshape(tape.SumTo(fields, new Shape(Users, 1, Width)), new Shape(Users, Width)), 1f / Fields);
        return new UserState(Linear(tape, "hidden_user", user), s, z, Linear(tape, "interaction", tape.Concat(user, pooled)));
    }

    /// <summary>Scores of targets [n, d] shared by all users, or of [users, n, d]: [users, n].</summary>
    public Tensor Score(Tape tape, UserState state, Tensor targets)
    {
        int users = state.Base.Shape[0], n = targets.Shape[targets.Shape.Rank - 2];
        Tensor q = tape.EluPlusOne(Linear(tape, "query", targets));
        Tensor norm = tape.Affine(Products(tape, q, state.Z, users, n), 1, 1e-6f);
        Tensor attended = tape.Divide(tape.MatMul(q, state.S), tape.Reshape(norm, new Shape(users, n, 1)));
        Tensor user = tape.Reshape(state.Base, new Shape(users, 1, state.Base.Shape[1]));
        Tensor sum = tape.Add(tape.Add(Linear(tape, "hidden_attention", attended), Linear(tape, "hidden_target", targets)), user);
        Tensor hidden = tape.PRelu(sum, Use(tape, "hidden.slope"));
        hidden = tape.PRelu(Linear(tape, "second", hidden), Use(tape, "second.slope"));
        Tensor logits = tape.Reshape(Linear(tape, "last", hidden), new Shape(users, n));
        return tape.Add(logits, Products(tape, q, state.R, users, n));
    }

    private static Tensor Products(Tape tape, Tensor q, Tensor vectors, int users, int n) =>
        tape.Reshape(tape.MatMul(q, tape.Reshape(vectors, new Shape(users, Width, 1))), new Shape(users, n));

    private Tensor Linear(Tape tape, string name, Tensor x) =>
        tape.Linear(x, Use(tape, $"{name}.weight"), _parameters.ContainsKey($"{name}.bias") ? Use(tape, $"{name}.bias") : null);

    internal sealed record UserState(Tensor Base, Tensor S, Tensor Z, Tensor R);
}
