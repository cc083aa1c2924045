namespace RecallCluster.Cli.Infrastructure;

/// <summary>
/// Progress as lines, for logs and pipes: one when a stage starts to say something, one when it ends, and at most one a few seconds.
/// </summary>
internal sealed class PlainProgress(TextWriter writer, TimeProvider time) : IProgressReporter, IStages
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();

    public Task<T> RunAsync<T>(Func<IStages, Task<T>> work) => work(this);

    public IStage Begin(string title) => new Stage(this, title);

    private void WriteLine(string line)
    {
        lock (_lock)
            writer.WriteLine(line);
    }

    private sealed class Stage(PlainProgress owner, string title) : IStage
    {
        private readonly Lock _lock = new();
        private readonly long _started = owner.Now;
        private long _last = owner.Now;
        private string _detail = "";

        public void Report(double value) => Update(value, null);

        public void Report(string value) => Update(double.NaN, value);

        public void Update(double fraction, string? detail)
        {
            string line;
            lock (_lock)
            {
                _detail = detail ?? _detail;
                long now = owner.Now;
                if (owner.Elapsed(_last, now) < Interval)
                    return;
                _last = now;
                string share = double.IsNaN(fraction) ? "" : $" {Math.Clamp(fraction, 0, 1):P0}";
                line = $"{title} ...{share}{(_detail.Length > 0 ? " " + _detail : "")}";
            }
            owner.WriteLine(line);
        }

        public void Dispose() =>
            owner.WriteLine($"{title}: {owner.Elapsed(_started, owner.Now).TotalSeconds:F1} s{(_detail.Length > 0 ? ", " + _detail : "")}");
    }

    private long Now => time.GetTimestamp();

    private TimeSpan Elapsed(long from, long to) => time.GetElapsedTime(from, to);
}
