using RecallCluster.Serving;
using RecallCluster.Serving.Tests;

namespace RecallCluster.Grains.Tests.Rollouts;

/// <summary>
/// Requests for one user, one after the other, until stopped; every answer is held against the model that it says it is from.
/// </summary>
internal sealed class LiveTraffic
{
    private readonly IAdRetriever _retriever;
    private readonly Dictionary<string, string[]> _best;
    private readonly TaskCompletionSource _switched = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _running;
    private readonly bool _silosFall;
    private volatile bool _isOver;
    private int _answers;

    /// <param name="retriever">Answers.</param>
    /// <param name="models">The models that may answer.</param>
    public LiveTraffic(IAdRetriever retriever, params HandMadeModel[] models)
        : this(retriever, silosFall: false, models)
    {
    }

    /// <param name="retriever">Answers.</param>
    /// <param name="silosFall">Whether an answer may lack shards; such a one counts as none.</param>
    /// <param name="models">The models that may answer.</param>
    public LiveTraffic(IAdRetriever retriever, bool silosFall, params HandMadeModel[] models)
    {
        (_retriever, _silosFall) = (retriever, silosFall);
        _best = models.ToDictionary(model => model.Fingerprint, model => model.Best([0, 0], [3, 5], 10));
        _running = Task.Run(RunAsync);
    }

    /// <summary>Answers so far.</summary>
    public int Answers => Volatile.Read(ref _answers);

    /// <summary>Versions in the order in which they answered.</summary>
    public List<string> Versions { get; } = [];

    /// <summary>Completes when a second version has answered.</summary>
    public Task Switched => _switched.Task;

    /// <summary>Ends it; fails where an answer was not of one version, or not full.</summary>
    public async Task EndAsync()
    {
        _isOver = true;
        await _running;
    }

    private async Task RunAsync()
    {
        try
        {
            while (!_isOver)
            {
                RetrievalAnswer answer = await _retriever.AnswerAsync(IndexedCluster.Request("ad3", "ad5"), default);
                if (_silosFall && answer.Coverage < 1)
                    continue;
                Assert.Equal((1.0, 0), (answer.Coverage, answer.Failures.Count));
                Assert.Equal(_best[answer.Version.Split('.')[0]], answer.Ads.Select(ad => ad.Id));
                Interlocked.Increment(ref _answers);
                if (Versions.Count == 0 || Versions[^1] != answer.Version)
                    Versions.Add(answer.Version);
                if (Versions.Count == 2)
                    _switched.TrySetResult();
            }
        }
        catch (Exception e)
        {
            _switched.TrySetException(e);
            throw;
        }
    }
}
