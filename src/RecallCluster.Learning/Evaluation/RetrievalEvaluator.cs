using RecallCluster.Data;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Evaluation;

/// <summary>The items that are right for a user, as the retriever's ordinals.</summary>
/// <param name="user">User row.</param>
public delegate ReadOnlySpan<int> Relevance(int user);

/// <summary>The behaviour sequence that a user is encoded with, as rows of the encoder's table.</summary>
/// <param name="user">User row.</param>
/// <param name="behaviour">Receives the sequence, oldest first; given empty.</param>
public delegate void Behaviour(int user, List<int> behaviour);

/// <summary>
/// Recall of retrieval by user: the share of a user's held-out items that are among the K found. Items of the user's behaviour are not
/// taken out of the K: an ad that was clicked may be shown again.
/// </summary>
/// <param name="dataset">The data.</param>
/// <param name="team">Threads over users.</param>
public sealed class RetrievalEvaluator(Dataset dataset, WorkerTeam? team = null)
{
    /// <summary>Users with test events, in ascending order.</summary>
    public int[] TestUsers() => [.. Enumerable.Range(0, dataset.Users.Count).Where(user => dataset.Test.ItemsOf(user).Length > 0)];

    /// <summary>The training events.</summary>
    public void TrainBehaviour(int user, List<int> behaviour)
    {
        ArgumentNullException.ThrowIfNull(behaviour);
        behaviour.AddRange(dataset.Train.ItemsOf(user));
    }

    /// <summary>The training events, then the validation events: what is known before the test events.</summary>
    public void KnownBehaviour(int user, List<int> behaviour)
    {
        ArgumentNullException.ThrowIfNull(behaviour);
        behaviour.AddRange(dataset.Train.ItemsOf(user));
        behaviour.AddRange(dataset.Validation.ItemsOf(user));
    }

    /// <summary>Recall@K on the test events, the events before them being the behaviour.</summary>
    /// <param name="users">User rows, each with test events.</param>
    /// <param name="k">K.</param>
    /// <param name="encoder">Prepares the users.</param>
    /// <param name="retriever">Finds ads; its ordinals are item rows.</param>
    /// <returns>A recall for each of <paramref name="users"/>.</returns>
    public double[] TestRecalls(ReadOnlySpan<int> users, int k, IUserEncoder encoder, IRetriever retriever) =>
        Recalls(users, k, encoder, KnownBehaviour, retriever, dataset.Test.ItemsOf);

    /// <summary>Recall@K of each of <paramref name="users"/>; 0 for a user without relevant items.</summary>
    /// <param name="users">User rows.</param>
    /// <param name="k">K.</param>
    /// <param name="encoder">Prepares the users.</param>
    /// <param name="behaviour">Their behaviour.</param>
    /// <param name="retriever">Finds ads.</param>
    /// <param name="relevance">What should be found.</param>
    public double[] Recalls(
        ReadOnlySpan<int> users, int k, IUserEncoder encoder, Behaviour behaviour, IRetriever retriever, Relevance relevance)
    {
        ArgumentNullException.ThrowIfNull(relevance);
        int[] rows = users.ToArray();
        var recalls = new double[rows.Length];
        Retrieve(rows, k, encoder, behaviour, retriever, (index, found, _) =>
        {
            ReadOnlySpan<int> wanted = relevance(rows[index]);
            int hits = 0;
            foreach (int item in wanted)
                hits += found.Contains(item) ? 1 : 0;
            recalls[index] = wanted.IsEmpty ? 0 : (double)hits / wanted.Length;
        });
        return recalls;
    }

    /// <summary>Retrieves for each of <paramref name="users"/> and hands on what was found.</summary>
    /// <param name="users">User rows.</param>
    /// <param name="k">K.</param>
    /// <param name="encoder">Prepares the users.</param>
    /// <param name="behaviour">Their behaviour.</param>
    /// <param name="retriever">Finds ads.</param>
    /// <param name="take">
    /// Takes the place of the user in <paramref name="users"/>, the ordinals found, best first, and the scorings spent; called from
    /// any thread.
    /// </param>
    public void Retrieve(
        ReadOnlySpan<int> users, int k, IUserEncoder encoder, Behaviour behaviour, IRetriever retriever, RetrievalHandler take)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(k);
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(behaviour);
        ArgumentNullException.ThrowIfNull(retriever);
        ArgumentNullException.ThrowIfNull(take);
        int[] rows = users.ToArray();
        int parts = team == null ? 1 : Math.Min(team.Size, Math.Max(1, rows.Length));
        if (parts == 1)
            Part(0);
        else
            team!.Run(parts, Part);

        void Part(int part)
        {
            (int start, int end) = WorkerTeam.Slice(rows.Length, part, parts);
            object workspace = retriever.NewWorkspace();
            var state = new float[encoder.UserStateLength];
            var profile = new int[encoder.ProfileFieldCount];
            var sequence = new List<int>();
            var found = new int[k];
            for (int i = start; i < end; i++)
            {
                for (int field = 0; field < profile.Length; field++)
                    profile[field] = dataset.Users.Codes[field][rows[i]];
                sequence.Clear();
                behaviour(rows[i], sequence);
                ReadOnlySpan<int> known = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(sequence);
                ReadOnlySpan<int> newest = known.Length > encoder.SequenceLimit ? known[^encoder.SequenceLimit..] : known;
                encoder.Encode(profile, newest, state);
                (int count, int scorings) = retriever.Retrieve(state, newest, workspace, found);
                take(i, found.AsSpan(0, count), scorings);
            }
        }
    }
}

/// <summary>Takes what was retrieved for one user.</summary>
/// <param name="index">Place of the user among the users asked for.</param>
/// <param name="found">Ordinals, best first.</param>
/// <param name="scorings">Scorings spent.</param>
public delegate void RetrievalHandler(int index, ReadOnlySpan<int> found, int scorings);
