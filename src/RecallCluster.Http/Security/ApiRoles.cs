namespace RecallCluster.Http.Security;

/// <summary>What a caller may do.</summary>
[Flags]
public enum ApiRoles
{
    /// <summary>Nothing but what is open to all: health and tracking links.</summary>
    None = 0,

    /// <summary>Ask for ads.</summary>
    Serve = 1,

    /// <summary>Report events.</summary>
    Events = 2,

    /// <summary>Run campaigns, ads, indexes and users; see metrics, the dashboard and explanations.</summary>
    Admin = 4,
}

/// <summary>Names of roles.</summary>
public static class ApiRoleNames
{
    private static readonly (ApiRoles Role, string Name)[] Names = [(ApiRoles.Serve, "serve"), (ApiRoles.Events, "events"), (ApiRoles.Admin, "admin")];

    /// <summary>The roles of a list such as "serve,events".</summary>
    /// <exception cref="ArgumentException">One of them is unknown, or there are none.</exception>
    public static ApiRoles Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        ApiRoles roles = ApiRoles.None;
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            (ApiRoles role, string? name) = Array.Find(Names, n => n.Name == part);
            if (name is null)
                throw new ArgumentException($"There is no role '{part}'; there are serve, events and admin.", nameof(text));
            roles |= role;
        }
        return roles;
    }

    /// <summary>The list that <see cref="Parse"/> reads.</summary>
    public static string Format(ApiRoles roles) => string.Join(',', Names.Where(n => roles.HasFlag(n.Role)).Select(n => n.Name));
}
