using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Models;

/// <summary>A hand-sized training batch over a data set: ragged sequences, one of them empty, and masked candidates.</summary>
internal static class TinyBatch
{
    public static TrainingBatch Create(Dataset dataset, ulong seed = 5)
    {
        const int Users = 4, Candidates = 9, Behaviours = 5, Places = 3;
        var random = new SeededRandom(seed);
        int[] items = [.. Enumerable.Range(0, Candidates + Behaviours).Select(i => (i * 7) % dataset.Items.Count)];
        int[] lengths = [3, 0, 1, 2];
        var sequences = new int[Users * Places];
        Array.Fill(sequences, -1);
        for (int user = 0; user < Users; user++)
            for (int i = 0; i < lengths[user]; i++)
                sequences[(user * Places) + i] = random.NextInt(items.Length);
        int[] profiles = [.. Enumerable.Range(0, Users * dataset.Users.Fields.Length).Select(i => i % 4)];
        float[] logQ = [.. Enumerable.Range(0, Candidates).Select(_ => -(float)random.NextDouble())];
        var targets = new CandidateTargets([0, 4, 8, 4], logQ, [0, 2, 2, 3, 3], [1, 5, 0]);
        return new TrainingBatch(dataset.Items, items, Candidates, new BehaviourBatch(profiles, Places, sequences, lengths), targets);
    }
}
