using RecallCluster.Data;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Optimizers;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Training;

/// <summary>
/// Trains a model on a data set's training events: Adam over mini-batches with sampled negatives, validated on held-out events, the best
/// weights being kept. Equal seeds, options and team sizes give equal weights, unless there is a time limit, which the learning
/// rate follows.
/// </summary>
public sealed class Trainer
{
    private const int ReportEverySteps = 50;
    private readonly TrainingOptions _options;
    private readonly TimeProvider _time;

    /// <summary>A trainer.</summary>
    /// <param name="options">How to train.</param>
    /// <param name="time">Clock of the time limit and of progress; the system's by default.</param>
    /// <exception cref="ArgumentException">An option is not usable.</exception>
    public Trainer(TrainingOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>
    /// Trains <paramref name="model"/> in place; it ends with the weights that validated best, or the last without validation events.
    /// </summary>
    /// <param name="model">The model, made for this data set.</param>
    /// <param name="dataset">The data; its test events are not looked at.</param>
    /// <param name="team">Threads; the calling one alone by default.</param>
    /// <param name="progress">Told every fifty steps and after every validation, on the calling thread.</param>
    /// <param name="cancellation">Ends training by an exception, with the weights as they are.</param>
    /// <exception cref="InvalidDataException">The model does not fit the data set, or the data set holds no example.</exception>
    /// <exception cref="ArithmeticException">A gradient is not finite.</exception>
    public TrainingResult Train(
        IAdModel model, Dataset dataset, WorkerTeam? team = null, IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(dataset);
        model.Config.RequireFit(dataset);
        var examples = new ExampleSet(dataset.Train, dataset.Ordered);
        if (examples.Count == 0)
            throw new InvalidDataException(
                $"Data set '{dataset.Name}' has no user with two training events, so that there is nothing to learn from.");
        return new Run(this, model, dataset, examples, team, progress).Complete(cancellation);
    }

    /// <summary>The state of one training.</summary>
    private sealed class Run
    {
        private readonly TrainingOptions _options;
        private readonly TimeProvider _time;
        private readonly IAdModel _model;
        private readonly ExampleSet _examples;
        private readonly IProgress<TrainingProgress>? _progress;
        private readonly SeededRandom _random;
        private readonly BatchMaker _batches;
        private readonly Validation _validation;
        private readonly WeightSnapshot _best;
        private readonly Tape _tape;
        private readonly Adam _optimizer;
        private readonly int[] _order;
        private readonly int _stepsPerEpoch;
        private readonly long _start;

        private TimeSpan _validating;
        private double _lossSum;
        private int _lossCount;
        private int _step, _bestStep, _stale;
        private double? _bestRecall;

        public Run(
            Trainer trainer, IAdModel model, Dataset dataset, ExampleSet examples, WorkerTeam? team, IProgress<TrainingProgress>? progress)
        {
            _options = trainer._options;
            _time = trainer._time;
            _start = _time.GetTimestamp();
            _model = model;
            _examples = examples;
            _progress = progress;
            var seed = new SeededRandom(_options.Seed);
            _random = seed.Split(1);
            _batches = new BatchMaker(dataset, examples, model.Config, _options);
            _validation = new Validation(dataset, _options, seed.Split(2), team);
            _best = new WeightSnapshot(model);
            _tape = new Tape(team);
            _order = [.. Enumerable.Range(0, examples.Count)];
            _stepsPerEpoch = (examples.Count + _options.BatchSize - 1) / _options.BatchSize;
            _optimizer = new Adam(model.Parameters, new AdamOptions
            {
                Rate = new PacedRate(this),
                WeightDecay = _options.WeightDecay,
                MaxGradientNorm = _options.MaxGradientNorm,
            }, team);
        }

        private int TotalSteps
        {
            get
            {
                int steps = checked(_stepsPerEpoch * _options.Epochs);
                return _options.MaxSteps == 0 ? steps : Math.Min(steps, _options.MaxSteps);
            }
        }

        private TimeSpan Elapsed => _time.GetElapsedTime(_start);

        private double ExamplesPerSecond
        {
            get
            {
                double seconds = (Elapsed - _validating).TotalSeconds;
                return seconds > 0 ? Math.Min((long)_step * _options.BatchSize, (long)_examples.Count * _options.Epochs) / seconds : 0;
            }
        }

        public TrainingResult Complete(CancellationToken cancellation)
        {
            TrainingEnd end = TrainingEnd.Completed;
            double epochLoss = 0;
            for (int epoch = 1; _step < TotalSteps && end == TrainingEnd.Completed; epoch++)
                (end, epochLoss) = Epoch(epoch, cancellation);
            if (end == TrainingEnd.TimeLimit)
                Validate(_step / _stepsPerEpoch + 1);
            if (_best.IsTaken)
                _best.Restore();
            return new TrainingResult(
                end, _step, _examples.Count, _best.IsTaken ? _bestStep : _step, _bestRecall, epochLoss, ExamplesPerSecond, Elapsed);
        }

        private (TrainingEnd End, double Loss) Epoch(int epoch, CancellationToken cancellation)
        {
            _random.Shuffle(_order.AsSpan());
            double total = 0;
            int validations = 0;
            for (int i = 0; i < _stepsPerEpoch; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (_options.TimeLimit != Timeout.InfiniteTimeSpan && Elapsed >= _options.TimeLimit)
                    return (TrainingEnd.TimeLimit, total / Math.Max(1, i));
                int start = i * _options.BatchSize;
                total += Step(_order.AsSpan(start, Math.Min(_options.BatchSize, _order.Length - start)));
                if (_step % ReportEverySteps == 0)
                    Report(epoch, recall: null);
                bool last = _step == TotalSteps;
                bool due = last || (long)(i + 1) * _options.ValidationsPerEpoch / _stepsPerEpoch > validations;
                if (!due)
                    continue;
                validations++;
                if (Validate(epoch))
                    return (TrainingEnd.EarlyStop, total / (i + 1));
                if (last)
                    return (TrainingEnd.Completed, total / (i + 1));
            }
            return (TrainingEnd.Completed, total / _stepsPerEpoch);
        }

        private float Step(ReadOnlySpan<int> examples)
        {
            Tensor loss = _model.Loss(_tape, _batches.Make(examples, _random), _options.Loss);
            float value = loss.Item();
            _tape.Backward(loss);
            _optimizer.Step();
            _tape.Reset();
            _step++;
            _lossSum += value;
            _lossCount++;
            return value;
        }

        // Whether training is to end.
        private bool Validate(int epoch)
        {
            long before = _time.GetTimestamp();
            double? recall = _validation.Recall(_model);
            _validating += _time.GetElapsedTime(before);
            Report(epoch, recall);
            if (recall == null)
                return false;
            if (_bestRecall == null || recall > _bestRecall)
            {
                _bestRecall = recall;
                _bestStep = _step;
                _stale = 0;
                _best.Take();
                return false;
            }
            return ++_stale > _options.Patience;
        }

        /// <summary>Falls towards the last step or towards the time limit, whichever is nearer.</summary>
        private sealed class PacedRate(Run run) : ILearningRateSchedule
        {
            private readonly WarmupCosineRate _rate = new(
                run._options.LearningRate, run._options.WarmupSteps, run.TotalSteps,
                run._options.LearningRate * run._options.FinalRateShare);

            public float At(long stepNumber)
            {
                if (run._options.TimeLimit == Timeout.InfiniteTimeSpan || stepNumber < _rate.WarmupSteps)
                    return _rate.At(stepNumber);
                double share = Math.Min(1, run.Elapsed / run._options.TimeLimit);
                return _rate.At(Math.Max(stepNumber, (long)(share * _rate.TotalSteps)));
            }
        }

        private void Report(int epoch, double? recall)
        {
            double loss = _lossCount == 0 ? 0 : _lossSum / _lossCount;
            _lossSum = 0;
            _lossCount = 0;
            _progress?.Report(new TrainingProgress(epoch, _step, TotalSteps, loss, ExamplesPerSecond, recall, Elapsed));
        }
    }
}
