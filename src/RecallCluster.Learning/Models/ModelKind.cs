namespace RecallCluster.Learning.Models;

/// <summary>The architectures that can be trained, saved and served.</summary>
public enum ModelKind
{
    /// <summary>Target attention over the behaviour sequence and a multi-layer perceptron: <see cref="DeepAdModel"/>.</summary>
    Deep,

    /// <summary>Inner product of a user's and an ad's vector: <see cref="TwoTowerModel"/>.</summary>
    TwoTower,
}

/// <summary>How the deep model attends to the behaviour sequence.</summary>
public enum AttentionKind
{
    /// <summary>
    /// phi(q)' sum(phi(k) v') / (phi(q) . sum phi(k)), phi = elu + 1: can be folded, so that its cost does not depend on the sequence.
    /// </summary>
    Linear,

    /// <summary>Scaled dot product and softmax; cannot be folded.</summary>
    Softmax,
}
