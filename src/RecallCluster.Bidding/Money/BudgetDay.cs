namespace RecallCluster.Bidding.Money;

/// <summary>A day of a campaign's budget: from one local midnight to the next, 23 to 25 hours of real time where clocks change.</summary>
/// <param name="Date">The local date.</param>
/// <param name="Start">First instant, UTC.</param>
/// <param name="End">First instant of the next day, UTC.</param>
public readonly record struct BudgetDay(DateOnly Date, DateTimeOffset Start, DateTimeOffset End);
