using Spectre.Console;

namespace RecallCluster.Cli.Infrastructure;

/// <summary>Progress as bars on a terminal.</summary>
internal sealed class SpectreProgress(IAnsiConsole console) : IProgressReporter
{
    public Task<T> RunAsync<T>(Func<IStages, Task<T>> work) =>
        console.Progress()
            .AutoClear(false)
            .Columns(
                new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(),
                new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(context => work(new Stages(context)));

    private sealed class Stages(ProgressContext context) : IStages
    {
        public IStage Begin(string title) => new Stage(context.AddTask(Markup.Escape(title), maxValue: 1), title);
    }

    private sealed class Stage : IStage
    {
        private readonly ProgressTask _task;
        private readonly string _title;

        public Stage(ProgressTask task, string title)
        {
            _task = task;
            _title = title;
            _task.IsIndeterminate = true;
        }

        public void Report(double value) => Update(value, null);

        public void Report(string value) => Update(double.NaN, value);

        public void Update(double fraction, string? detail)
        {
            if (!double.IsNaN(fraction))
            {
                _task.IsIndeterminate = false;
                _task.Value = Math.Clamp(fraction, 0, 1);
            }
            if (detail is not null)
                _task.Description = $"{Markup.Escape(_title)} [grey]{Markup.Escape(detail)}[/]";
        }

        public void Dispose()
        {
            _task.IsIndeterminate = false;
            _task.Value = 1;
            _task.StopTask();
        }
    }
}
