namespace RecallCluster.Simulation.Clicks;

/// <summary>
/// How a simulated model bends the true logit before its biases are added. Every shape is strictly increasing: it keeps the ranking.
/// </summary>
public enum Distortion
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>A straight line of slope 1.2 in the logit (over-confident): exactly what Platt scaling can undo.</summary>
    Straight,

    /// <summary>
    /// A wave of amplitude 0.3 in the logit (up to 35 % too high here, too low there): nothing that two or three parameters can undo.
    /// </summary>
    Wavy,
}
