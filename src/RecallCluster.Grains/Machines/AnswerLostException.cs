namespace RecallCluster.Grains.Machines;

/// <summary>A command was applied and its answer was lost; asking again tells what is.</summary>
/// <param name="message">Which.</param>
internal sealed class AnswerLostException(string message) : IOException(message);
