namespace RecallCluster.Learning.Models;

/// <summary>The loss that a model is trained with.</summary>
public sealed record LossOptions
{
    /// <summary>Which loss.</summary>
    public LossKind Kind { get; init; } = LossKind.SampledSoftmax;

    /// <summary>
    /// Weight of the loss at adversarially perturbed target vectors, the plain loss having weight 1; 0 for none. It makes scores smooth
    /// over the geometry in which the graph is built (NANN, arXiv 2202.10226). The deep model only.
    /// </summary>
    public float AdversarialWeight { get; init; }

    /// <summary>
    /// Step of the perturbation along the sign of the loss's gradient (FGSM, arXiv 1412.6572), as a share of the candidates' mean absolute
    /// coordinate.
    /// </summary>
    public float AdversarialStep { get; init; } = 0.1f;
}
