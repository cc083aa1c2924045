namespace RecallCluster.TorchScoring.Batching;

/// <summary>Ads to be scored for one user, in the caller's memory, which stays where it is while the caller waits.</summary>
internal sealed unsafe class ScoreJob : Job
{
    private float* _state, _scores;
    private int* _ordinals;
    private int _stateLength;

    /// <summary>Number of ads.</summary>
    public int Count { get; private set; }

    public ReadOnlySpan<float> State => new(_state, _stateLength);

    public ReadOnlySpan<int> Ordinals => new(_ordinals, Count);

    public Span<float> Scores => new(_scores, Count);

    /// <summary>Makes it the job of another caller.</summary>
    public void Set(float* state, int stateLength, int* ordinals, float* scores, int count)
    {
        _state = state;
        _stateLength = stateLength;
        _ordinals = ordinals;
        _scores = scores;
        Count = count;
        Renew();
    }
}
