namespace RecallCluster.Learning.Models;

/// <summary>What the deep model computes once for each user.</summary>
/// <param name="Base">W_u x_u + b1, [B, h1].</param>
/// <param name="Keys">Keys of the sequence (through phi with linear attention), [B, places, d], zeros behind its end.</param>
/// <param name="Values">Values of the sequence, [B, places, d], zeros behind its end.</param>
/// <param name="Lengths">Places filled, [B].</param>
/// <param name="Interaction">Interaction rows, [B, d], or null.</param>
/// <param name="Match">Weights of the history match, [B, fields * levels], or null.</param>
internal readonly record struct DeepUserSide(Tensor Base, Tensor Keys, Tensor Values, int[] Lengths, Tensor? Interaction, Tensor? Match);
