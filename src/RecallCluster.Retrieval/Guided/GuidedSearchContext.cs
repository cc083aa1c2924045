using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Guided;

/// <summary>What a search needs besides the graph and the request.</summary>
/// <param name="Scorer">The scoring model over the ads of the graph.</param>
/// <param name="Time">The clock of deadlines and statistics.</param>
/// <param name="Team">The threads that share the scoring of a batch, or null for the caller's alone.</param>
internal readonly record struct GuidedSearchContext(IScorer Scorer, TimeProvider Time, WorkerTeam? Team);
