using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Files;

namespace RecallCluster.Bidding.Training;

/// <summary>
/// Adam (Kingma &amp; Ba, 2015) for small dense networks, whose moments can be saved and read back, so that a training that was broken off
/// goes on as though it had not been.
/// </summary>
internal sealed class ResumableAdam
{
    private const float Beta1 = 0.9f, Beta2 = 0.999f, Epsilon = 1e-8f;

    private readonly Parameter[] _parameters;
    private readonly float[][] _means, _squares;
    private readonly float _rate;
    private readonly string _name;

    public ResumableAdam(string name, IEnumerable<Parameter> parameters, float rate)
    {
        _name = name;
        _rate = rate;
        _parameters = [.. parameters];
        _means = Array.ConvertAll(_parameters, parameter => new float[parameter.Value.Length]);
        _squares = Array.ConvertAll(_parameters, parameter => new float[parameter.Value.Length]);
    }

    public long Steps { get; private set; }

    /// <summary>One step at <paramref name="scale"/> times the rate; clears the gradients.</summary>
    public void Step(float scale = 1)
    {
        Steps++;
        float rate = (float)(scale * _rate / (1 - Math.Pow(Beta1, Steps))), correction = (float)(1 / (1 - Math.Pow(Beta2, Steps)));
        for (int k = 0; k < _parameters.Length; k++)
        {
            Span<float> gradient = _parameters[k].Gradient.Values, value = _parameters[k].Value.Values;
            float[] mean = _means[k], square = _squares[k];
            for (int i = 0; i < gradient.Length; i++)
            {
                float g = gradient[i];
                mean[i] = (Beta1 * mean[i]) + ((1 - Beta1) * g);
                square[i] = (Beta2 * square[i]) + ((1 - Beta2) * g * g);
                value[i] -= rate * mean[i] / (MathF.Sqrt(square[i] * correction) + Epsilon);
            }
            _parameters[k].Gradient.Clear();
        }
    }

    public void ClearGradients()
    {
        foreach (Parameter parameter in _parameters)
            parameter.Gradient.Clear();
    }

    public void Save(SafeTensorsWriter writer)
    {
        for (int k = 0; k < _parameters.Length; k++)
        {
            writer.Add($"{_name}.mean.{_parameters[k].Name}", Tensor.From(_means[k], _parameters[k].Value.Shape));
            writer.Add($"{_name}.square.{_parameters[k].Name}", Tensor.From(_squares[k], _parameters[k].Value.Shape));
        }
        writer.Add($"{_name}.steps", new[] { Steps }, 1);
    }

    public void Load(SafeTensorsFile file)
    {
        for (int k = 0; k < _parameters.Length; k++)
        {
            file.Read($"{_name}.mean.{_parameters[k].Name}", _means[k]);
            file.Read($"{_name}.square.{_parameters[k].Name}", _squares[k]);
        }
        Steps = file.ReadIntegers($"{_name}.steps")[0];
    }
}
