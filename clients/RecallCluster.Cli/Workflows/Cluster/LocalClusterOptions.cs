namespace RecallCluster.Cli.Workflows.Cluster;

/// <summary>What a cluster on this machine is made of.</summary>
internal sealed record LocalClusterOptions
{
    /// <summary>How many silos.</summary>
    public required int Silos { get; init; }

    /// <summary>Roles of each silo, in order; the last ones are those of all that follow.</summary>
    public required IReadOnlyList<string[]> Roles { get; init; }

    /// <summary>A Redis that runs already; null starts one.</summary>
    public string? Redis { get; init; }

    /// <summary>Where Redis' data lie; kept when the cluster stops.</summary>
    public required string Folder { get; init; }

    /// <summary>How many front doors have processes of their own; 0 for none: then every silo with the role gateway has one.</summary>
    public int Doors { get; init; }

    /// <summary>Port of the first front door.</summary>
    public int DoorPort { get; init; } = 8080;

    /// <summary>Further settings of all silos and doors, such as <c>--directories:model=DIR</c>.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];
}
