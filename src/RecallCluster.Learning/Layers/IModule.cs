using RecallCluster.Learning.Autograd;

namespace RecallCluster.Learning.Layers;

/// <summary>A part of a model that has parameters.</summary>
public interface IModule
{
    /// <summary>All parameters, always in the same order, with names unique within the model.</summary>
    IEnumerable<Parameter> Parameters { get; }
}
