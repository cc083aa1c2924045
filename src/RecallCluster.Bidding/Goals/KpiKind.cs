namespace RecallCluster.Bidding.Goals;

/// <summary>What the numerator of a KPI counts.</summary>
public enum KpiKind
{
    /// <summary>The cost itself, as in cost per click or cost per conversion (CR). Its numerator is the sum of costs.</summary>
    CostRelated,

    /// <summary>Anything else (NCR), as in a lower bound on CTR: numerator 1 an impression, denominator pCTR, limit 1 / CTRmin.</summary>
    Other,
}
