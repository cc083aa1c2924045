using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;

namespace RecallCluster.Learning.Training;

/// <summary>A copy of a model's weights to go back to.</summary>
internal sealed class WeightSnapshot(IModule model)
{
    private readonly Parameter[] _parameters = [.. model.Parameters];
    private float[][]? _values;

    /// <summary>Whether anything was kept.</summary>
    public bool IsTaken => _values != null;

    /// <summary>Keeps the weights as they are now.</summary>
    public void Take()
    {
        _values ??= [.. _parameters.Select(parameter => new float[parameter.Value.Length])];
        for (int i = 0; i < _values.Length; i++)
            _parameters[i].Value.Values.CopyTo(_values[i]);
    }

    /// <summary>Puts the kept weights back.</summary>
    public void Restore()
    {
        for (int i = 0; _values != null && i < _values.Length; i++)
            _values[i].CopyTo(_parameters[i].Value.Values);
    }
}
