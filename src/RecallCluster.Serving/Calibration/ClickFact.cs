namespace RecallCluster.Serving.Calibration;

/// <summary>A click and what is known of what followed.</summary>
internal sealed class ClickFact
{
    /// <summary>The win.</summary>
    public required UInt128 Win { get; init; }

    /// <summary>The campaign.</summary>
    public required long Campaign { get; init; }

    /// <summary>When, in hours since 1970.</summary>
    public required double Time { get; init; }

    /// <summary>The conversion probability before calibration.</summary>
    public required double Prediction { get; init; }

    /// <summary>Signals after the click; 0 where none came.</summary>
    public required double[] Signals { get; set; }

    /// <summary>When it converted first, in hours since 1970.</summary>
    public double? ConvertedAt { get; set; }
}
