namespace RecallCluster.Serving.Replicas;

/// <summary>What is thought of a replica.</summary>
public enum ReplicaState
{
    /// <summary>It answers.</summary>
    Healthy,

    /// <summary>It failed, or was late several times in a row: it is asked only where no healthy one is left, and tried now and
    /// then.</summary>
    Suspect,

    /// <summary>It has failed for long and answered nothing meanwhile: it is only tried now and then.</summary>
    Down,
}

/// <summary>
/// One replica's health, from the outcomes of its calls alone. Strikes count against it: three for a failure, one for an answer so late
/// that another replica was asked too and won; an answer wipes them out. Many calls that fail in one moment of standstill, be it the
/// replica's or the caller's own, do not make a replica one that is gone: that takes failures over
/// <see cref="ReplicationOptions.Silence"/>. That nobody asked it for long says nothing. Thread-safe.
/// </summary>
internal sealed class ReplicaHealth(ReplicationOptions options, TimeProvider time)
{
    private const int StrikesOfFailure = 3;
    private const int SuspectAt = 3;
    private const int DownAt = 9;

    private readonly Lock _lock = new();
    private int _strikes;
    private long _struckAt;
    private bool _isGone;
    private int _pauses;
    private long _tryAt;
    private bool _trying;
    private long _recoveredAt = long.MinValue;
    private long _answeredAt = time.GetTimestamp();

    public ReplicaState State => Volatile.Read(ref _strikes) switch
    {
        >= DownAt when Volatile.Read(ref _isGone) => ReplicaState.Down,
        >= SuspectAt => ReplicaState.Suspect,
        _ => ReplicaState.Healthy,
    };

    /// <summary>When it last answered, or was made, as a timestamp.</summary>
    public long AnsweredAt => Volatile.Read(ref _answeredAt);

    /// <summary>Its part of the requests: 1, or less for a while after it came back.</summary>
    public double Weight
    {
        get
        {
            long recovered = Volatile.Read(ref _recoveredAt);
            return recovered == long.MinValue ? 1 : Math.Clamp(time.GetElapsedTime(recovered) / options.SlowStart, 0.1, 1);
        }
    }

    /// <summary>Whether one request should try it now; when so, nobody else does until the outcome is known.</summary>
    public bool TryBeginTrial()
    {
        lock (_lock)
        {
            if (_strikes < SuspectAt || _trying || time.GetTimestamp() < _tryAt)
                return false;
            _trying = true;
            return true;
        }
    }

    public void Answered()
    {
        Volatile.Write(ref _answeredAt, time.GetTimestamp());
        if (Volatile.Read(ref _strikes) == 0)
            return;
        lock (_lock)
        {
            if (_strikes >= SuspectAt)
                _recoveredAt = time.GetTimestamp();
            _strikes = 0;
            _isGone = false;
            _pauses = 0;
            _trying = false;
        }
    }

    public void Failed() => Strike(StrikesOfFailure);

    public void WasLate() => Strike(1);

    /// <summary>The call ended in a way that says nothing about the replica.</summary>
    public void Unknown()
    {
        lock (_lock)
            _trying = false;
    }

    private void Strike(int strikes)
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            if (_strikes == 0)
                _struckAt = now;
            _strikes = Math.Min(DownAt, _strikes + strikes);
            _isGone = time.GetElapsedTime(_struckAt, now) >= options.Silence;
            _trying = false;
            if (_strikes < SuspectAt)
                return;
            // Calls that were under way together and fail together are one failure: the pause does not grow while it lasts.
            if (now < _tryAt)
                return;
            double pause = options.FirstPause.TotalSeconds * Math.Pow(2, Math.Min(_pauses++, 30));
            pause = Math.Min(options.LongestPause.TotalSeconds, pause);
            _tryAt = now + (long)(pause * time.TimestampFrequency);
        }
    }
}
