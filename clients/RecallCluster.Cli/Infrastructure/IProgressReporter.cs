namespace RecallCluster.Cli.Infrastructure;

/// <summary>Shows on stderr how a long job goes. Bars on a terminal, plain lines elsewhere; the job cannot tell the difference.</summary>
internal interface IProgressReporter
{
    /// <summary>Runs <paramref name="work"/>, which opens stages one after the other or side by side.</summary>
    Task<T> RunAsync<T>(Func<IStages, Task<T>> work);
}

/// <summary>Where a running job opens its stages.</summary>
internal interface IStages
{
    /// <summary>Opens a stage; disposing it closes it as done.</summary>
    IStage Begin(string title);

    /// <summary>Does work as one stage.</summary>
    T Run<T>(string title, Func<IStage, T> work)
    {
        using IStage stage = Begin(title);
        return work(stage);
    }

    /// <summary>Does work as one stage of which nothing more can be said.</summary>
    T Run<T>(string title, Func<T> work) => Run(title, _ => work());
}

/// <summary>One stage of a job.</summary>
internal interface IStage : IDisposable, IProgress<double>, IProgress<string>
{
    /// <summary>Says how far the stage is.</summary>
    /// <param name="fraction">In [0, 1]; NaN where it cannot be known.</param>
    /// <param name="detail">What is going on, a few words; null keeps what was said before.</param>
    void Update(double fraction, string? detail);
}
