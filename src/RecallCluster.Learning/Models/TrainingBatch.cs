using RecallCluster.Data;

namespace RecallCluster.Learning.Models;

/// <summary>One step's examples: B users with their behaviour, and the ads that all of them are scored against.</summary>
/// <param name="Catalogue">All ads, for their side information.</param>
/// <param name="Items">Distinct item rows: the candidates first, then the ads that occur in sequences only.</param>
/// <param name="CandidateCount">Number of candidates, n.</param>
/// <param name="Users">The users; their sequences are places in <paramref name="Items"/>.</param>
/// <param name="Targets">What the scores are to be.</param>
public sealed record TrainingBatch(FeatureTable Catalogue, int[] Items, int CandidateCount, BehaviourBatch Users, CandidateTargets Targets);
